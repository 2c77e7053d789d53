"""One call, and a fixed plan: what they ask, what they leave out, and what they say of it; and the plan's bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import commissure as cm
from commissure.hal.clock.dice import dice
from commissure.hal.fleets.fault import Fault
from commissure.hal.ledger import Amount
from commissure.hal.reply import Choice
from commissure.policies.recursion.ask import Answer, Ask, Limits
from commissure.policies.recursion.delegation import build_delegation
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.plans.bound import Bound, Setting, bound, most_attempts
from commissure.policies.recursion.plans.plan import MapPlan
from commissure.policies.recursion.strategies import build_strategy, strategy_names
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree
from tests.policies.recursion.bench import (
    CountAndTell,
    Counts,
    CountWords,
    Done,
    fleet_of,
    profile,
    treed,
)

# Four pieces of 10 tokens, of which the third has nothing to count.
TEXT = "".join(f"{line:<39}\n" for line in ("word word", "a word", "nothing", "words and words"))


def answered(name: str, task: Task, again: int = 1, **given_: Any) -> Done:
    strategy = build_strategy(name, Options(chunk_tokens=10, again=again))
    return treed(lambda tree: strategy.answer(tree, task), **given_)


def counted(broken: set[int] | None = None, plan: MapPlan | None = None, **given_: Any) -> tuple[Answer, Done]:
    behaviour = Counts(frozenset(broken or ()))
    done = answered("fixed_plan", Task("How many?", TEXT, plan=plan or CountWords()), behaviour=behaviour, **given_)
    return done.result, done


def test_the_strategies_are_found_by_their_files() -> None:
    assert {"direct", "fixed_plan"} <= set(strategy_names())
    with pytest.raises(cm.UsageError, match=r"unknown strategy 'fixed'\. Did you mean 'fixed_plan'"):
        build_strategy("fixed")


def test_direct_asks_once_with_the_question_last() -> None:
    behaviour = Counts()
    done = answered("direct", Task("How many words?", TEXT), behaviour=behaviour)
    (call,) = behaviour.asked
    assert call.prompt.startswith(TEXT)
    assert call.prompt.endswith("How many words?")
    assert (done.result.text, done.result.complete, done.result.failures) == ("6", True, ())
    assert done.result.used.calls == 1
    assert done.result.used.usd == pytest.approx(done.run.cost_usd)


@pytest.mark.parametrize("name", ["direct", "fixed_plan"])
@pytest.mark.parametrize(
    ("context", "problem"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("PK\x03\x04\0\0", "binary"),
        ("a\0b", "binary"),
        ("\ufffd" * 9 + "a", "binary"),
    ],
)
def test_a_context_that_is_no_text_is_not_sent(name: str, context: str, problem: str) -> None:
    done = answered(name, Task("How many?", context, plan=CountWords()))
    answer: Answer = done.result
    assert (answer.text, answer.complete, answer.used) == ("", False, Amount())
    assert [one.kind for one in answer.failures] == ["context"]
    assert problem in answer.failures[0].problem
    assert done.run.calls == ()


def test_a_context_beyond_every_window_costs_nothing() -> None:
    done = answered("direct", Task("How many?", "word " * 200_000))
    answer: Answer = done.result
    assert (answer.text, answer.complete, answer.used) == ("", False, Amount())
    assert [one.kind for one in answer.failures] == ["room"]
    assert "dear" in answer.failures[0].problem


def test_a_plan_asks_of_the_pieces_that_matter_and_joins_their_parts() -> None:
    answer, done = counted()
    assert (answer.text, answer.value, answer.complete, answer.failures) == ("5", 5, True, ())
    assert [step.kind for step in done.steps] == ["expand"] * 3
    assert answer.used.calls == 3
    assert answer.wall_s == pytest.approx(done.run.time_s)


def test_a_plan_without_pieces_that_matter_is_whole() -> None:
    done = answered("fixed_plan", Task("How many?", "nothing here", plan=CountWords()))
    assert (done.result.text, done.result.complete, done.result.used) == ("0", True, Amount())


def test_a_task_without_a_plan_is_told_so() -> None:
    done = answered("fixed_plan", Task("How many?", TEXT))
    assert [one.kind for one in done.result.failures] == ["plan"]
    assert done.result.complete is False


def test_a_broken_answer_is_asked_for_again_where_the_delegation_sends_it() -> None:
    answer, done = counted({1}, delegation=build_delegation("by_kind:verify=dear,other=cheap"))
    assert (answer.text, answer.complete) == ("5", True)
    assert [one.kind for one in answer.failures] == ["malformed"]
    again = next(step for step in done.steps if step.kind == "verify")
    assert again.endpoint == "dear"
    assert again.parent == answer.failures[0].step
    assert {step.endpoint for step in done.steps if step.kind == "expand"} == {"cheap"}


@pytest.mark.parametrize(("again", "asked"), [(0, 3), (1, 4), (3, 6)])
def test_a_piece_that_stays_broken_is_left_out_and_reported(again: int, asked: int) -> None:
    broken = {1, *range(3, 20)}
    answer, done = counted(broken, again=again)
    assert (answer.text, answer.complete) == ("4", False)
    assert [one.kind for one in answer.failures] == ["malformed"] * (again + 1)
    assert len(done.steps) == asked == answer.used.calls


@pytest.mark.parametrize("given_", [{"broken": set(range(9))}, {"limits": Limits(calls=0)}])
def test_where_nothing_could_be_read_there_is_no_whole(given_: dict[str, Any]) -> None:
    answer, done = counted(plan=CountAndTell(), **given_)
    assert (answer.text, answer.value, answer.complete) == ("", None, False)
    assert answer.failures
    assert not any(step.kind == "aggregate" for step in done.steps)


def test_a_budget_that_ends_half_way_leaves_the_part_that_was_paid() -> None:
    answer, _ = counted(limits=Limits(calls=2, fan_out=1))
    assert (answer.text, answer.complete) == ("3", False)
    assert [one.kind for one in answer.failures] == ["budget"]
    assert answer.used.calls == 2


def test_the_closing_call_comes_last_and_may_fail_by_itself() -> None:
    answer, done = counted(plan=CountAndTell())
    assert [step.kind for step in done.steps] == ["expand"] * 3 + ["aggregate"]
    assert answer.complete
    answer, _ = counted(plan=CountAndTell(), limits=Limits(calls=3))
    assert (answer.text, answer.complete) == ("5", False)


class Babbles:
    """Says a number at some length, or nothing of use at full length, by dice."""

    def __init__(self, share: float) -> None:
        self.share = share

    def answer(self, call: cm.Call) -> tuple[Choice, int]:
        roll = dice(f"{call.prompt} {call.kind}")
        if roll.random() < self.share:
            return Choice("w " * call.max_tokens, "length"), call.max_tokens
        return Choice("1", "stop"), roll.randrange(1, call.max_tokens + 1)


SPECS = ("one", "by_kind:verify=a,other=b", "by_depth:0=a,1=b", "cheapest", "fastest", "frugal:first=a,calls=4")


def bounded(lines: list[int], chunk: int, again: int, delegation: Delegation, fleet: cm.Fleet, fan_out: int,
            plan: MapPlan, share: float) -> tuple[Bound, Answer, Done, Amount]:  # fmt: skip
    text = "".join(f"{place} " + "word " * words + "\n" for place, words in enumerate(lines))
    task = Task("How many?", text, plan=plan)
    closing = Ask("Tell that there are 9999999999 words.", "aggregate", max_tokens=8)

    async def work(tree: Tree) -> tuple[Bound, Answer, Amount]:
        setting = Setting(delegation, tree.fleet.status(), fan_out, most_attempts(fleet.specs))
        foretold = bound(plan, text, chunk, again, setting, closing if isinstance(plan, CountAndTell) else None)
        answer = await build_strategy("fixed_plan", Options(chunk_tokens=chunk, again=again)).answer(tree, task)
        return foretold, answer, tree.ledger.spent + tree.ledger.uncertain

    done = treed(work, fleet, delegation, Limits(fan_out=fan_out), Babbles(share))
    foretold, answer, taken = done.result
    return foretold, answer, done, taken


plans = st.sampled_from([CountWords(), CountWords(longest=200), CountAndTell()])
boxes = st.builds(
    profile, st.sampled_from([0.0, 1.0, 40.0]), st.sampled_from([150, 600, 50_000]), st.sampled_from([0.05, 1.0]),
    st.sampled_from([0.001, 0.02]), network_s=st.sampled_from([0.0, 0.2]), hidden_tokens=st.sampled_from([0, 100]),
)  # fmt: skip
faults = st.lists(
    st.builds(
        Fault, endpoint=st.sampled_from("ab"), kind=st.sampled_from(["fail", "lose", "hang"]),
        rate=st.sampled_from([0.2, 1.0]), after_s=st.just(3.0),
    ),
    max_size=2,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.integers(0, 60), min_size=1, max_size=12), chunk=st.integers(5, 120), again=st.integers(0, 2),
    spec=st.sampled_from(SPECS), first=boxes, second=boxes, fails=faults, fan_out=st.integers(1, 6), plan=plans,
    share=st.sampled_from([0.0, 0.3, 1.0]), attempts=st.integers(1, 3),
)  # fmt: skip
def test_no_plan_passes_its_bound(
    lines: list[int], chunk: int, again: int, spec: str, first: Any, second: Any, fails: list[Fault], fan_out: int,
    plan: MapPlan, share: float, attempts: int,
) -> None:  # fmt: skip
    fleet = fleet_of({"a": first, "b": second}, fails, attempts=attempts)
    foretold, answer, done, taken = bounded(
        lines, chunk, again, build_delegation(spec), fleet, fan_out, plan, share
    )  # fmt: skip
    assert len(done.steps) <= foretold.asks
    assert taken.calls <= foretold.calls
    assert taken.tokens <= foretold.tokens
    assert taken.usd <= foretold.usd * (1 + 1e-12)
    sent_all = not any(step.error for step in done.steps)
    if sent_all and not fails:
        assert foretold.least_s - 1e-9 <= answer.wall_s <= foretold.most_s + 1e-9


def test_the_bound_of_equal_calls_is_the_law_of_parallel_stages() -> None:
    """Seven lines on 3 places: ceil(7/3) = 3 rounds of calls at full length, which is what it takes.

    A call is 3 tokens of two words in a frame of 13, and 100 of answer: 1 + 16 x 0.001 + 100 x 0.01 s.
    """
    fleet, plan = fleet_of({"a": profile(1.0, 50_000, 1.0, 0.01)}), CountWords(longest=100)
    foretold, answer, _, taken = bounded([1] * 7, 2, 0, build_delegation("one"), fleet, 3, plan, 1.0)
    assert foretold.most_s == pytest.approx(3 * 2.016)
    # But for the frame, which the modelled endpoint does not count.
    assert answer.wall_s == pytest.approx(foretold.most_s - 3 * 14 * 0.001)
    assert (foretold.asks, foretold.calls, taken.calls) == (7, 7, 7)
    # Seven of the shortest answers: 7 x 1.01 s on 3 places.
    assert foretold.least_s == pytest.approx(7 * 1.01 / 3)
    again, answer, _, taken = bounded([1] * 7, 2, 2, build_delegation("one"), fleet, 3, plan, 1.0)
    assert (again.asks, again.calls, taken.calls) == (21, 21, 21)
    assert again.usd == pytest.approx(3 * foretold.usd)
    # Chains of three: 7 x 3 calls on 3 places, and 2/3 of a chain (Graham).
    assert again.most_s == pytest.approx((21 / 3 + 2 / 3 * 3) * 2.016)
    assert answer.wall_s == pytest.approx(21 / 3 * 2.002)


def test_a_plan_that_ends_with_a_call_needs_the_longest_for_its_bound() -> None:
    with pytest.raises(cm.UsageError, match="CountAndTell ends with a call: give the longest"):
        bound(CountAndTell(), "word", 10, 0, Setting(build_delegation("one"), cm.FleetStatus(())))
