"""Ask a selector: what it raises, or gives that is no decision, is Raised; and what it says, for a person."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.errors import UsageError
from commissure.policies.custom.selector import MakeSelector, maker_of
from commissure.policies.ensemble.leaves import canonical, is_json
from commissure.policies.ensemble.sample import Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.testing.broken import Broken, Raised, naming, raised, shown
from commissure.policies.testing.selection.poll import Poll


class Abstained(Broken):
    """Nothing is said, as may be; so there is nothing to judge."""


def fresh(make: MakeSelector) -> Selector:
    """A new selector. Raises Raised if building it fails, UsageError if it is no selector."""
    build = maker_of(make)
    with naming("building it"):
        made = build()
    if not isinstance(made, Selector):
        raise UsageError(f"building it gave {shown(made)}, which is no selector: return a commissure.Selector")
    return made


def ask(selector: Selector, poll: Poll) -> Decision:
    """Its decision on a poll. Raises Raised as `asked` does."""
    return asked(selector, poll.samples(), poll.question())


def asked(selector: Selector, candidates: Sequence[Sample], question: Question) -> Decision:
    """Its decision. Raises Raised if it raises anything, or gives no Decision, or one whose value is no JSON."""
    try:
        decision = selector.select(candidates, question)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise raised("select", error) from error
    if not isinstance(decision, Decision):
        raise Raised(f"select gave {shown(decision)}: it must return a Decision")
    if not is_json(decision.value):
        raise Raised(f"select gave a value that is no JSON: {shown(decision.value)}")
    return decision


def answer(selector: Selector, poll: Poll) -> Decision:
    """Its decision, if it answers. Raises Abstained if it does not, and Raised as `ask` does."""
    decision = ask(selector, poll)
    if not decision.answered:
        raise Abstained("it abstains")
    return decision


def told(decision: Decision) -> str:
    """A decision for a person."""
    if not decision.answered:
        return "no decision"
    where = "no candidate" if decision.index is None else f"candidate {decision.index}"
    return f"{shown(decision.value)} ({where}, confidence {decision.confidence})"


def same_value(one: Decision, other: Decision) -> bool:
    """Whether two decisions say the same."""
    if not (one.answered and other.answered):
        return one.answered == other.answered
    return canonical(one.value) == canonical(other.value)


def same(one: Decision, other: Decision) -> bool:
    """Whether two decisions are one."""
    sure = one.confidence == other.confidence or shown(one.confidence) == shown(other.confidence)
    return same_value(one, other) and one.index == other.index and sure
