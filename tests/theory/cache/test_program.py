"""The programs of one memory against trying everything, against MIN and against another solver."""

from math import lcm

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.bounds import Bracket
from commissure.theory.cache.pfoo import pfoo
from commissure.theory.cache.program import program
from commissure.theory.cache.solve import relaxed
from commissure.theory.cache.spans import spans_of
from commissure.theory.cache.uses import Uses
from tests.theory.cache.cases import Case, least_cost, played, sized


def bound(uses: Uses, capacity: float, bypass: bool) -> float:
    """The linear program's own value, not rounded, as a cost."""
    spans = spans_of(uses, capacity, bypass=bypass).compressed()
    return uses.cost_without_cache - relaxed([spans]).ceiling


def check_schedule(uses: Uses, capacity: float, found: Bracket) -> None:
    assert found.kept is not None
    (hits,) = played(uses, [capacity], found.kept, found.mode == "bypass")
    assert uses.costs[uses.objects][~np.array(hits)].sum() == pytest.approx(found.upper)


@given(case=sized(), bypass=st.booleans())
@settings(deadline=None)
def test_every_bound_against_trying_everything(case: Case, bypass: bool) -> None:
    uses, capacity = case
    best = least_cost(uses, capacity, bypass)
    linear = program(uses, capacity, bypass=bypass)
    whole = program(uses, capacity, bypass=bypass, integer=True)
    quick = pfoo(uses, capacity, bypass=bypass)
    assert whole.exact
    assert whole.upper == pytest.approx(best)
    assert quick.lower <= linear.lower + 1e-6 <= whole.lower + 2e-6
    for found in (linear, whole, quick):
        assert found.lower <= best + 1e-6
        assert best <= found.upper + 1e-6
        check_schedule(uses, capacity, found)


@given(keys=st.lists(st.integers(0, 6), max_size=40), places=st.integers(1, 6), bypass=st.booleans())
@settings(deadline=None)
def test_with_equal_sizes_the_linear_program_is_min(keys: list[int], places: int, bypass: bool) -> None:
    assert bound(Uses.of(keys), places, bypass) == pytest.approx(len(fewest_misses(keys, places, bypass=bypass)))


@given(case=sized(objects=8, uses=40, size=6), less=st.integers(0, 3))
@settings(deadline=None)
def test_with_bypass_the_linear_program_is_a_minimum_cost_flow(case: Case, less: int) -> None:
    uses, most = case
    capacity = max(1, most - less)
    assert bound(uses, capacity, True) == pytest.approx(cost_of_flow(uses, capacity))


def cost_of_flow(uses: Uses, capacity: int) -> float:
    """Of networkx, in whole numbers; an object above the capacity is outside the flow and always missed."""
    sizes, costs = uses.sizes.astype(int), uses.costs.astype(int)
    scale = lcm(*sizes.tolist())
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(uses)), demand=0)
    for position in range(len(uses) - 1):
        graph.add_edge(position, position + 1, capacity=capacity, weight=0)
    outside = 0
    seen: dict[int, int] = {}
    for position, entry in enumerate(uses.objects.tolist()):
        size = int(sizes[entry])
        if entry not in seen or size > capacity:
            outside += int(costs[entry])
        else:
            weight = scale // size * int(costs[entry])
            graph.add_edge(seen[entry], position, capacity=size, weight=weight)
            graph.nodes[seen[entry]]["demand"] -= size
            graph.nodes[position]["demand"] += size
        seen[entry] = position
    cost, _ = nx.network_simplex(graph)
    return outside + cost / scale


@given(case=sized(objects=8, uses=60, size=6), less=st.integers(0, 3), bypass=st.booleans())
@settings(deadline=None)
def test_the_quick_bound_is_never_below_pfoo_as_published(case: Case, less: int, bypass: bool) -> None:
    uses, most = case
    capacity = max(1, most - less) if bypass else most
    starts, ends = uses.intervals()
    sizes, costs = uses.sizes[uses.objects[starts]], uses.costs[uses.objects[starts]]
    taken = sizes * (ends - starts - (not bypass))
    room = capacity * len(uses) - (0 if bypass else uses.sizes[uses.objects].sum())
    saved = 0.0
    for ratio in np.argsort(taken / np.maximum(costs, 1e-12)):
        part = min(1.0, room / taken[ratio]) if taken[ratio] else 1.0
        saved += part * costs[ratio]
        room -= part * taken[ratio]
    found = pfoo(uses, capacity, bypass=bypass)
    assert found.lower >= uses.cost_without_cache - saved - 1e-6
    check_schedule(uses, capacity, found)


@pytest.mark.parametrize(("places", "forced", "bypass"), [(5, 19, 17), (4, 32, 28), (3, 45, 39)])
@pytest.mark.parametrize("integer", [False, True])
def test_the_published_loop(places: int, forced: int, bypass: int, integer: bool) -> None:
    uses = Uses.of(list(range(6)) * 12)
    for mode, misses in ((False, forced), (True, bypass)):
        found = program(uses, places, bypass=mode, integer=integer)
        assert found.exact
        assert found.lower == found.upper == misses
        check_schedule(uses, places, found)


def test_the_published_loop_of_eleven_and_host_and_guests() -> None:
    uses = Uses.of(list(range(6)) * 11)
    assert [round(bound(uses, 5, mode), 6) for mode in (False, True)] == [18, 16]
    uses = Uses.of("HAHB" * 6)
    assert [round(bound(uses, places, False), 6) for places in (1, 2)] == [24, 13]
    assert [round(bound(uses, places, True), 6) for places in (1, 2)] == [13, 8]


def test_sizes_of_any_magnitude() -> None:
    """Bytes and dollars, or gigabytes and seconds: the same program."""
    rng = np.random.default_rng(3)
    keys = rng.zipf(1.2, 400) % 40
    sizes = {key: float(rng.integers(1, 20)) for key in range(40)}
    costs = {key: float(rng.integers(1, 50)) for key in range(40)}
    plain = bound(Uses.of(keys, sizes, costs), 90, False)
    scaled = Uses.of(
        keys, {key: size * 2.7e9 for key, size in sizes.items()}, {key: cost * 1e-7 for key, cost in costs.items()}
    )
    assert bound(scaled, 90 * 2.7e9, False) == pytest.approx(plain * 1e-7)


def test_what_does_not_fit_is_named() -> None:
    uses = Uses.of("ab", {"a": 1, "b": 7})
    with pytest.raises(UsageError, match=r"size 7 does not fit into a capacity of 5.*bypass=True"):
        program(uses, 5)
    assert program(uses, 5, bypass=True).upper == 2
    with pytest.raises(UsageError, match="capacity above 0"):
        program(uses, 0)
