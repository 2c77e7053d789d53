"""Each invariant holds of every evictor that we have, and is broken by one that was made to break it."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import replace

import pytest
from hypothesis import given, settings

from commissure.hal.eviction import Evictor
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.cache.traces.flat import Use, replay, uses_of
from commissure.policies.testing import INVARIANTS, Broken, Case, ReferenceCache, cases, check_evictor, check_invariant
from commissure.policies.testing.graphs import workflow
from commissure.policies.testing.invariants import capacity_holds, spares_what_runs
from commissure.policies.testing.run import Run
from tests.policies.testing import faulty

BY_NAME = {invariant.name: invariant for invariant in INVARIANTS}
# Who breaks what, the most uses that its counter-example may have, and a part of what is said of it.
FAULTY = [
    ("answers", faulty.Raises, 1, "priority(a) raised ZeroDivisionError"),
    ("survives strangers", faulty.NeedsKnownAgents, 1, "raised KeyError"),
    ("keys sort", faulty.Mixed, 3, "do not compare"),
    ("keys sort", faulty.NotANumber, 1, "NaN"),
    ("priority is pure", faulty.Counts, 2, "at the same moment"),
    ("priority is pure", faulty.Invents, 1, "has changed the entry"),
    ("lasting is true", faulty.Ages, 2, "not used since use 1, went from 1.0 to 0.5"),
    ("is deterministic", faulty.Dice, 3, "built anew of the same plan"),
    ("is deterministic", faulty.Born, 3, "built anew of the same plan"),
    ("is deterministic", faulty.Hashes, 4, "where texts hash differently"),
    ("caches are apart", faulty.Remembers, 3, "another cache that uses a only"),
    ("caches are apart", faulty.Forgets, 3, "another cache that has the same uses"),
    ("spares what runs", faulty.Relabels, 3, "leaves while its call runs on"),
    ("capacity holds", faulty.Inflates, 3, "but there is "),
    ("evicts residents", faulty.Invents, 2, "nobody is to leave, but is not resident: a"),
    ("never beats the optimum", faulty.Inflates, 4, "no policy has fewer"),
]


@pytest.mark.parametrize("name", evictor_names())
def test_every_evictor_of_ours_keeps_them(name: str) -> None:
    report = check_evictor(name, examples=15)
    assert report.ok, [one.counter_example.story() for one in report.broken if one.counter_example]
    assert {one.examples for one in report.findings} == {15}
    assert all(one.regret[0] >= 0 for one in report.regrets)


@pytest.mark.parametrize(("name", "make", "most", "said"), FAULTY)
def test_a_broken_one_is_caught_by_a_small_case(name: str, make: type[Evictor], most: int, said: str) -> None:
    found = check_invariant(BY_NAME[name], make, examples=100)
    assert found.verdict == "broken"
    assert found.counter_example is not None
    case = found.counter_example.case
    assert said in found.why
    assert len(case.uses) <= most
    assert len(case.graph) <= most
    assert not case.graph.edges or make is faulty.NeedsKnownAgents
    assert len(found.counter_example.story()) <= 4 + most


def test_every_invariant_has_one_that_breaks_it() -> None:
    assert {name for name, *_ in FAULTY} == set(BY_NAME)


def test_what_fails_is_told_of_once() -> None:
    report = check_evictor(faulty.Raises, examples=20)
    assert [one.invariant for one in report.broken] == ["answers"]
    assert "(faulty.py, line " in report.broken[0].why
    assert {one.verdict for one in report.findings} == {"broken", "holds", "not checked"}
    assert report.regrets == ()


def test_the_same_seed_finds_the_same() -> None:
    first, second = (check_evictor(faulty.Remembers, examples=150, seed=3) for _ in range(2))
    assert not first.ok
    assert [one.data() for one in first.findings] == [one.data() for one in second.findings]
    assert first.regrets == second.regrets


@pytest.mark.parametrize("name", ["lru", "mru", "random", "topology"])
@settings(max_examples=40)
@given(case=cases())
def test_the_reference_cache_serves_as_the_production_cache_does(name: str, case: Case) -> None:
    alone = replace(case, runs=(), uses=tuple(replace(use, agent=str(use.key)) for use in case.uses))
    run = Run(name, alone).finish()
    outcome = replay(build_evictor(name, alone.plan()), alone.uses, alone.capacity, bypass=alone.bypass)
    assert tuple(one.number - 1 for one in run.served if not one.hit) == outcome.missed
    assert tuple((one.number - 1, key) for one in run.served for key in one.left) == outcome.evicted


class Roomy(ReferenceCache):
    def __init__(self, evictor: Evictor, capacity: float, bypass: bool = False) -> None:
        super().__init__(evictor, capacity + 1, bypass)


class Reckless(ReferenceCache):
    def use(self, use: Use, running: Collection[Hashable] = ()) -> tuple[bool, tuple[Hashable, ...]]:
        return super().use(use)


def test_a_cache_of_ones_own_is_held_to_the_same() -> None:
    case = Case(workflow("loop", 3, lambda low, high: low), 2.0, tuple(uses_of("abc")), runs=(2, 0, 0))
    for invariant in (capacity_holds, spares_what_runs):
        invariant("lru", case)
    with pytest.raises(Broken, match=r"a, b, c take 3, but there is 2"):
        capacity_holds("lru", case, Roomy)
    with pytest.raises(Broken, match=r"a leaves while its call runs on"):
        spares_what_runs("lru", case, Reckless)


def test_a_story_says_what_was_done_and_what_came_out() -> None:
    found = check_invariant(BY_NAME["spares what runs"], faulty.Relabels, examples=100).counter_example
    assert found is not None
    assert found.story()[-2:] == (
        "use 3: c misses, b leaves while b runs on",
        "broken: b leaves while its call runs on",
    )
