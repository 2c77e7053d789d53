"""Whole objects in several tiers: against the programs of optimal schedules and a cache of one tier."""

from collections.abc import Sequence

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Plan
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.cache.traces import flat, tiers
from commissure.policies.cache.traces.flat import Use, uses_of
from commissure.policies.cache.traces.tiers import Level, TieredCache
from commissure.theory.cache.tiers import Tier, tiers_program
from commissure.theory.cache.uses import Uses

GB = 2.7  # of an agent's prefix
# HBM for five prefixes; DRAM and SSD for two each, at 0.05 and 0.4 of a prefill.
HBM, DRAM, SSD = Level(5 * GB), Level(2 * GB, GB / 0.05), Level(2 * GB, GB / 0.4)
LOOP = [Use(agent, agent, GB) for _ in range(10) for agent in "abcdefgh"]


def least_cost(uses: Sequence[Use], levels: Sequence[Level], slack_s: float = 0.0, *, sinks: bool = True) -> float:
    """A lower bound of what any schedule pays whose objects may sink while they wait, or else wait in one tier each."""
    sizes, costs = {use.key: use.size for use in uses}, {use.key: use.cost for use in uses}
    memories = [Tier(levels[0].capacity)]
    memories += [Tier(one.capacity, 1 / one.size_per_s, slack_s, one.latency_s) for one in levels[1:]]
    return tiers_program(Uses.of([use.key for use in uses], sizes, costs), memories, sinks=sinks).lower


def topology() -> Evictor:
    graph: nx.DiGraph[str] = nx.DiGraph(zip("abcdefgh", "bcdefgha", strict=True))
    return build_evictor("topology", Plan(graph))


@pytest.mark.parametrize(
    ("levels", "one_place", "any_place"), [([HBM], 38, 38), ([HBM, DRAM], 21.2077, 19), ([HBM, DRAM, SSD], 13.8231, 13)]
)
def test_the_loop_of_eight_over_memory_for_five(levels: list[Level], one_place: float, any_place: float) -> None:
    """Where an object waits in one place only, an optimal schedule pays more than ours, which sends it down midway."""
    assert least_cost(LOOP, levels, sinks=False) == pytest.approx(one_place, abs=1e-4)
    assert least_cost(LOOP, levels, sinks=True) == pytest.approx(any_place, abs=1e-6)
    assert tiers.replay(topology(), LOOP, levels).cost == pytest.approx(any_place)
    assert tiers.replay(build_evictor("lru", Plan()), LOOP, [HBM]).cost == 80


def test_a_use_by_hand() -> None:
    cache = TieredCache(build_evictor("lru", Plan()), [Level(2), Level(1, 2.0, 0.25), Level(9, 1.0)])
    uses = [Use(key, key, 1.0, 3.0) for key in "abcdabcd"]
    found = [cache.use(use) for use in uses[:4]]
    assert found == [(None, 3.0)] * 4
    assert [list(held) for held in cache.residents] == [["c", "d"], ["b"], ["a"]]
    # a comes up from the third: 1 s. c goes down, and b before it.
    assert cache.use(uses[4]) == (2, 1.0)
    assert [list(held) for held in cache.residents] == [["d", "a"], ["c"], ["b"]]
    assert cache.use(Use("c", "c", 1.0, 3.0)) == (1, 0.75)
    assert cache.use(Use("a", "a", 1.0, 3.0)) == (0, 0.0)
    assert cache.use(Use("d", "d", 1.0, 3.0), slack_s=0.5) == (1, 0.25)
    assert cache.use(Use("d", "d", 1.0, 3.0)) == (0, 0.0)
    assert cache.use(Use("b", "b", 1.0, 0.75)) == (None, 0.75)  # sooner computed than fetched
    assert cache.demoted == 4 + 2 + 1 + 1 + 1


def test_what_loses_against_all_below_is_lost() -> None:
    cache = TieredCache(build_evictor("mru", Plan()), [Level(1), Level(1, 1.0)])
    for key in "abc":
        cache.use(Use(key, key, 1.0, 9.0))
    assert [list(held) for held in cache.residents] == [["c"], ["a"]]  # b was used after a


@pytest.mark.parametrize(
    ("levels", "message"),
    [([], "at least one tier"), ([Level(2, 1.0)], "neither rate nor latency"), ([Level(0.5)], "more than the first")],
)
def test_what_cannot_be(levels: list[Level], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tiers.replay(build_evictor("lru", Plan()), uses_of("ab"), levels)
    with pytest.raises(UsageError, match="capacity and a rate above 0"):
        Level(0)


SIZES = {"a": 1.0, "b": 2.0, "c": 1.0, "d": 3.0, "e": 1.0, "f": 2.0}


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    st.text("abcdef", min_size=1, max_size=24), st.sampled_from(evictor_names()),
    st.integers(3, 5), st.integers(1, 4), st.sampled_from([0.0, 0.4]),
)  # fmt: skip
def test_no_evictor_beats_the_program(keys: str, name: str, top: int, below: int, slack_s: float) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(zip("abcdef", "bcdefa", strict=True))
    uses = [Use(key, key, SIZES[key], 1.5 * SIZES[key]) for key in keys]
    levels = [Level(top), Level(below, 4.0, 0.1), Level(2, 1.0)]

    def evictor() -> Evictor:
        return build_evictor(name, Plan(graph, 1, tuple(keys)))

    cache = TieredCache(evictor(), levels)
    total = 0.0
    for use in uses:
        total += cache.use(use, slack_s)[1]
        assert use.key in cache.residents[0]
        held = [entry for tier in cache.residents for entry in tier.values()]
        assert len({entry.key for entry in held}) == len(held)
        for tier, level in zip(cache.residents, levels, strict=True):
            assert sum(entry.size for entry in tier.values()) <= level.capacity
    assert total >= least_cost(uses, levels, slack_s) - 1e-6
    assert tiers.replay(evictor(), uses, levels, [slack_s] * len(uses)).cost == pytest.approx(total)
    if type(evictor()).entered is Evictor.entered:  # who hears of it hears here that one entered before others left
        alone = tiers.replay(evictor(), uses, levels[:1])
        assert alone.cost == pytest.approx(flat.replay(evictor(), uses, top).cost)
