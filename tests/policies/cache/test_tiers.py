"""Whole objects in several tiers: against programs of optimal schedules, a reference, and a cache of one tier."""

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Plan
from commissure.policies.cache import build_evictor
from commissure.policies.cache.traces import flat, tiers
from commissure.policies.cache.traces.flat import Use, uses_of
from commissure.policies.cache.traces.tiers import Level, TieredCache

GB = 2.7  # of an agent's prefix
# HBM for five prefixes; DRAM and SSD for two each, at 0.05 and 0.4 of a prefill.
HBM, DRAM, SSD = Level(5 * GB), Level(2 * GB, GB / 0.05), Level(2 * GB, GB / 0.4)
LOOP = [Use(agent, agent, GB) for _ in range(10) for agent in "abcdefgh"]


def least_cost(uses: Sequence[Use], levels: Sequence[Level], slack_s: float = 0.0, *, sinks: bool) -> float:
    """A lower bound of what any schedule pays: a linear program over the gaps between two uses of an object.

    x[j, k, t]: the share of gap j's object that waits in tier k after use t. Room: in each tier after each use, and in
    the first one also for what is used then. Without `sinks` it waits in one tier from use to use; with it, it may go
    down on the way, never up. It pays for the tier that it is in last.
    """
    last: dict[object, int] = {}
    gaps: list[tuple[int, int, Use]] = []
    for number, use in enumerate(uses):
        if use.key in last:
            gaps.append((last[use.key], number, use))
        last[use.key] = number
    cells: list[tuple[int, int, float]] = []  # row, column, coefficient
    most: list[float] = []
    columns: dict[tuple[int, int, int], int] = {}

    def column(gap: int, tier: int, after: int) -> int:
        return columns.setdefault((gap, tier, after if sinks else 0), len(columns))

    def row(entries: Sequence[tuple[int, float]], limit: float) -> None:
        cells.extend((len(most), where, factor) for where, factor in entries)
        most.append(limit)

    kinds = range(len(levels))
    for j, (begin, end, _) in enumerate(gaps):
        for t in range(begin, end):
            row([(column(j, k, t), 1.0) for k in kinds], 1.0)
            for k in kinds if sinks and t > begin else ():
                high = range(k + 1)
                row([(column(j, i, t), 1.0) for i in high] + [(column(j, i, t - 1), -1.0) for i in high], 0.0)
    for t, used in enumerate(uses):
        for k in kinds:
            waits = [(column(j, k, t), one.size) for j, (begin, end, one) in enumerate(gaps) if begin <= t < end]
            row(waits, levels[k].capacity)
        beside = [(column(j, 0, t), one.size) for j, (begin, end, one) in enumerate(gaps) if begin < t < end]
        row(beside, levels[0].capacity - used.size)
    saved = np.zeros(len(columns))
    for j, (_, end, one) in enumerate(gaps):
        for k in kinds:
            saved[column(j, k, end - 1)] = max(0.0, one.cost - levels[k].fetch_s(one.size, slack_s))
    total = sum(use.cost for use in uses)
    if not gaps:
        return total
    rows, places, factors = zip(*cells, strict=True)
    matrix: Any = coo_array((factors, (rows, places)), (len(most), len(saved))).tocsr()
    done = linprog(-saved, matrix, most, bounds=(0, 1))
    assert done.status == 0
    least: Any = done.fun
    return float(total + least)


def topology() -> Evictor:
    graph: nx.DiGraph[str] = nx.DiGraph(zip("abcdefgh", "bcdefgha", strict=True))
    return build_evictor("topology", Plan(graph))


@pytest.mark.parametrize(
    ("levels", "one_place", "any_place"), [([HBM], 38, 38), ([HBM, DRAM], 21.2077, 19), ([HBM, DRAM, SSD], 13.8231, 13)]
)
def test_the_loop_of_eight_over_memory_for_five(levels: list[Level], one_place: float, any_place: float) -> None:
    """Where an object waits in one place only, an optimal schedule pays more than ours, which sends it down midway."""
    assert least_cost(LOOP, levels, sinks=False) == pytest.approx(one_place, abs=1e-4)
    assert least_cost(LOOP, levels, sinks=True) == pytest.approx(any_place)
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


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.text("abcdef", min_size=1, max_size=24), st.sampled_from(["lru", "mru", "random", "topology", "topology-cost"]),
    st.integers(3, 5), st.integers(1, 4), st.sampled_from([0.0, 0.4]),
)  # fmt: skip
def test_no_evictor_beats_the_program(keys: str, name: str, top: int, below: int, slack_s: float) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(zip("abcdef", "bcdefa", strict=True))
    uses = [Use(key, key, SIZES[key], 1.5 * SIZES[key]) for key in keys]
    levels = [Level(top), Level(below, 4.0, 0.1), Level(2, 1.0)]

    def evictor() -> Evictor:
        return build_evictor(name, Plan(graph, seed=1))

    cache = TieredCache(evictor(), levels)
    total = 0.0
    for use in uses:
        total += cache.use(use, slack_s)[1]
        assert use.key in cache.residents[0]
        held = [entry for tier in cache.residents for entry in tier.values()]
        assert len({entry.key for entry in held}) == len(held)
        for tier, level in zip(cache.residents, levels, strict=True):
            assert sum(entry.size for entry in tier.values()) <= level.capacity
    assert total >= least_cost(uses, levels, slack_s, sinks=True) - 1e-6
    assert tiers.replay(evictor(), uses, levels, [slack_s] * len(uses)).cost == pytest.approx(total)
    alone = tiers.replay(evictor(), uses, levels[:1])
    assert alone.cost == pytest.approx(flat.replay(evictor(), uses, top).cost)
