"""Check a selector: every invariant over many polls, its counter-examples shrunk, and its accuracy in populations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from commissure.hal.errors import UsageError
from commissure.policies.custom.kind import name_of
from commissure.policies.custom.selector import MakeSelector
from commissure.policies.testing.broken import Broken, Raised
from commissure.policies.testing.report import CounterExample, Finding, Verdict
from commissure.policies.testing.search import drawn, search
from commissure.policies.testing.selection.ask import Abstained, ask, fresh
from commissure.policies.testing.selection.invariants import SELECTOR_INVARIANTS, SelectorInvariant
from commissure.policies.testing.selection.poll import Poll
from commissure.policies.testing.selection.regret import SelectorRegret, selector_regrets
from commissure.policies.testing.selection.report import SelectorReport
from commissure.policies.testing.selection.simpler import simpler
from commissure.policies.testing.selection.strategies import polls

# In each population there are so many records for an example; the fewest and the most of them.
RECORDS_AN_EXAMPLE, FEWEST, MOST = 5, 200, 2000


def check_selector(
    make: MakeSelector, *, examples: int = 200, seed: int = 0, advance: Callable[[str], None] = lambda what: None
) -> SelectorReport:
    """Check a selector on so many examples of each invariant; `advance` is told of each that is done.

    `make` is a class, an instance, a function without arguments, a module with `build`, or the name of one of ours. The
    same seed tries the same examples. Whatever the selector does wrong is in the report; a call that never returns is
    not cut short. Raises UsageError if it is no selector.
    """
    if examples < 1:
        raise UsageError(f"a check needs examples >= 1, not {examples}")
    with suppress(Raised):  # which will be told with its counter-example
        fresh(make)
    findings: list[Finding[Poll]] = []
    for invariant in SELECTOR_INVARIANTS:
        told = tuple({type(one.failure) for one in findings if one.failure})
        findings.append(check_selector_invariant(invariant, make, examples=examples, seed=seed, told=told))
        advance(invariant.name)
    rows: tuple[SelectorRegret, ...] = ()
    if not any(isinstance(one.failure, Raised) for one in findings):
        records = min(max(FEWEST, RECORDS_AN_EXAMPLE * examples), MOST)
        try:
            rows = selector_regrets(make, name_of(make), records=records, seed=seed)
        except Raised as error:
            findings[0] = replace(findings[0], verdict="broken", why=error.said)
    advance("regret")
    return SelectorReport(name_of(make), seed, tuple(findings), rows, *_abstained(make, _drawn(examples, seed)))


def check_selector_invariant(
    invariant: SelectorInvariant,
    make: MakeSelector,
    *,
    examples: int = 200,
    seed: int = 0,
    told: Collection[type[Broken]] = (),
) -> Finding[Poll]:
    """One invariant. An answer that fails is told of once, by the first that finds it; the others pass it over.

    `told` are the kinds of failure that are known already. Raises UsageError as check_selector does.
    """
    if invariant.declined_by and _says(make, invariant.declined_by):
        return Finding(invariant.name, invariant.meaning, "declined", 0, f"it says {invariant.declined_by} = True")
    passes = (Abstained, *(kind for kind in (Raised,) if kind not in invariant.reports or kind in told))
    tried = _drawn(examples, seed)
    found = search(tried, lambda poll: invariant.holds(make, poll), simpler=simpler, passes_over=passes)
    verdict: Verdict = "broken" if found.broken else "holds" if found.judged else "not checked"
    why = found.broken.said if found.broken else "" if found.judged else "it gives no answer to judge"
    shown = CounterExample(found.example, found.broken) if found.example and found.broken else None
    return Finding(invariant.name, invariant.meaning, verdict, found.judged, why, shown)


@lru_cache(maxsize=2)
def _drawn(examples: int, seed: int) -> tuple[Poll, ...]:
    """The polls that all invariants are tried on."""
    return drawn(polls(), examples, seed)


def _says(make: MakeSelector, name: str) -> bool:
    with suppress(Raised):
        return bool(getattr(fresh(make), name, False))
    return False


def _abstained(make: MakeSelector, tried: Collection[Poll]) -> tuple[int, int]:
    """How many polls could be answered, and on how many of them it says nothing."""
    answered = []
    for poll in tried:
        if poll.parsed():
            with suppress(Raised):
                answered.append(ask(fresh(make), poll).answered)
    return len(answered), answered.count(False)
