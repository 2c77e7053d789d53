"""Check a policy: every invariant over many cases, its counter-examples shrunk, and its regret."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from commissure.hal.errors import UsageError
from commissure.policies.cache.traces.flat import uses_of
from commissure.policies.custom.build import Make
from commissure.policies.custom.kind import name_of
from commissure.policies.testing.broken import Broken, Raised, Unsortable
from commissure.policies.testing.build import fresh, is_offline
from commissure.policies.testing.case import Case
from commissure.policies.testing.graphs import workflow
from commissure.policies.testing.invariants import INVARIANTS, Invariant
from commissure.policies.testing.regret import Regret, regrets
from commissure.policies.testing.report import CounterExample, Finding, Report, Verdict
from commissure.policies.testing.search import drawn, search
from commissure.policies.testing.simpler import simpler
from commissure.policies.testing.strategies import cases

# Of workflows of each family there is one for so many examples; the fewest and the most of them.
EXAMPLES_A_WORKFLOW, FEWEST, MOST = 8, 8, 100


def check_evictor(
    make: Make, *, examples: int = 200, seed: int = 0, advance: Callable[[str], None] = lambda what: None
) -> Report:
    """Check an evictor on so many examples of each invariant; `advance` is told of each that is done.

    `make` is a class, an instance, a function of a Plan, a module with `build`, or the name of one of ours. The same
    seed tries the same examples. Whatever the evictor does wrong is in the report; a call that never returns is not
    cut short. Raises UsageError if it is no evictor, or can never be built.
    """
    if examples < 1:
        raise UsageError(f"a check needs examples >= 1, not {examples}")
    sample = Case(workflow("loop", 3, lambda low, high: low), 2.0, tuple(uses_of("abca")))
    with suppress(Raised):  # which will be told with its counter-example
        fresh(make, sample)
    findings: list[Finding[Case]] = []
    for invariant in INVARIANTS:
        told = tuple({type(one.failure) for one in findings if one.failure})
        findings.append(check_invariant(invariant, make, examples=examples, seed=seed, told=told))
        advance(invariant.name)
    rows: tuple[Regret, ...] = ()
    if not any(isinstance(one.failure, Raised | Unsortable) for one in findings):
        workflows = min(max(FEWEST, examples // EXAMPLES_A_WORKFLOW), MOST)
        try:
            rows = regrets(make, name_of(make), workflows=workflows, seed=seed)
        except Raised as error:
            findings[0] = replace(findings[0], verdict="broken", why=error.said)
    advance("regret")
    return Report(name_of(make), seed, tuple(findings), rows, is_offline(make, sample))


@lru_cache(maxsize=2)
def _drawn(examples: int, seed: int) -> tuple[Case, ...]:
    """The cases that all invariants are tried on."""
    return drawn(cases(), examples, seed)


def check_invariant(
    invariant: Invariant, make: Make, *, examples: int = 200, seed: int = 0, told: Collection[type[Broken]] = ()
) -> Finding[Case]:
    """One invariant. An answer that fails is told of once, by the first that finds it; the others pass it over.

    `told` are the kinds of failure that are known already. Raises UsageError as check_evictor does.
    """
    passes = tuple(kind for kind in (Raised, Unsortable) if kind not in invariant.reports or kind in told)
    tried = _drawn(examples, seed)
    found = search(tried, lambda case: invariant.holds(make, case), simpler=simpler, passes_over=passes)
    verdict: Verdict = "broken" if found.broken else "holds" if found.judged else "not checked"
    why = found.broken.said if found.broken else "" if found.judged else "its answers fail, as said above"
    shown = CounterExample(found.example, found.broken) if found.example and found.broken else None
    return Finding(invariant.name, invariant.meaning, verdict, found.judged, why, shown)
