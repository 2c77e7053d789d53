"""Evictors over the kept prefixes of an engine."""

from math import inf

import pytest

from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache import build_evictor
from commissure.sim.engine.job import Job
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.engine.scored import ScoredCache

CHAINS = {name: [number * 10 + depth for depth in range(2)] for number, name in enumerate("abcd")}


def use(cache: PrefixCache, name: str) -> int:
    """One call of an agent, begun and ended: how many of its two units were there."""
    job = Job(3, 1, CHAINS[name])
    job.tag = name
    found = cache.match(job.hashes, 2)
    held = cache.hold(job, found, 2)
    cache.drop(held)
    return found


def hits(evictor: str, calls: str) -> int:
    cache = ScoredCache(6, 1, 1, build_evictor(evictor, Plan()))
    return sum(use(cache, name) for name in calls)


def test_lru_by_priority_is_lru() -> None:
    calls = "abcabdacbdabcdaadbc" * 3
    plain = PrefixCache(6, 1, 1)
    assert hits("lru", calls) == sum(use(plain, name) for name in calls)


def test_on_a_loop_that_does_not_fit_mru_hits_where_lru_never_does() -> None:
    assert hits("lru", "abcd" * 6) == 0
    assert hits("mru", "abcd" * 6) > 15


class Deepest(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        return entry.slot - 100 * (entry.agent == "a")


def test_no_unit_leaves_before_those_that_build_on_it() -> None:
    cache = ScoredCache(4, 1, 1, Deepest())
    use(cache, "a")
    use(cache, "b")
    use(cache, "c")  # its two units take the room of a's, the deeper first
    assert cache.match(CHAINS["a"], 2) == 0
    assert cache.match(CHAINS["b"], 2) == 2
    assert cache.kept == 4


@pytest.mark.parametrize("name", ["lru", "mru", "random"])
def test_what_was_never_computed_is_forgotten(name: str) -> None:
    cache = ScoredCache(inf, 1, 1, build_evictor(name, Plan()))
    use(cache, "a")
    job = Job(4, 1, [*CHAINS["a"], 77])
    cache.forget(cache.hold(job, 2, 3), 2)
    assert cache.match(job.hashes, 3) == 2
    cache.clear()
    assert cache.match(job.hashes, 3) == 0
    assert use(cache, "b") == 0
