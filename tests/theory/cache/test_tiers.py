"""Several memories: against trying everything, and with one tier against the program of one memory."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.cache.program import program
from commissure.theory.cache.tiers import Tier, tiers_program
from commissure.theory.cache.uses import Uses
from tests.theory.cache.cases import Case, played, sized


def cost_of(uses: Uses, tiers: list[Tier], kept: np.ndarray[tuple[int], np.dtype[np.bool_]], bypass: bool) -> float:
    """What a schedule costs, played; an AssertionError if it does not fit or puts an interval into two tiers."""
    hits = np.array(played(uses, [tier.capacity for tier in tiers], kept, bypass))
    assert hits.sum(axis=0).max(initial=0) <= 1
    sizes, costs = uses.sizes[uses.objects], uses.costs[uses.objects]
    fetches = [np.maximum(sizes * tier.cost_per_size - tier.hidden, 0) for tier in tiers]
    fetched = sum(float(fetch[hit].sum()) for fetch, hit in zip(fetches, hits, strict=True))
    return float(costs[~hits.any(axis=0)].sum()) + fetched


def least_cost(uses: Uses, tiers: list[Tier], bypass: bool) -> float:
    count = len(uses.intervals()[0])
    best = uses.cost_without_cache
    for places in product(range(len(tiers) + 1), repeat=count):
        kept = np.zeros(count * len(tiers), np.bool_)
        kept[[tier * count + interval for interval, tier in enumerate(places) if tier < len(tiers)]] = True
        try:
            best = min(best, cost_of(uses, tiers, kept, bypass))
        except AssertionError:
            continue
    return best


def least_cost_sinking(uses: Uses, tiers: list[Tier], bypass: bool) -> float:
    """The least cost over all decisions of a cache that moves objects down, or out, at any use of another."""
    gone, sizes = len(tiers), uses.sizes.tolist()
    by_tier = [np.maximum(uses.sizes * tier.cost_per_size + tier.latency - tier.hidden, 0) for tier in tiers]
    fetches = [np.minimum(fetch, uses.costs).tolist() for fetch in by_tier] + [uses.costs.tolist()]
    fetches[0] = [0.0] * len(sizes)

    def fit(places: tuple[int, ...]) -> bool:
        loads = [sum(size for size, place in zip(sizes, places, strict=True) if place == tier) for tier in range(gone)]
        return all(load <= tier.capacity for load, tier in zip(loads, tiers, strict=True))

    @cache
    def best(position: int, places: tuple[int, ...]) -> float:
        if position == len(uses):
            return 0.0
        entry = int(uses.objects[position])
        ways = [range(place, gone + 1) for place in places]
        ways[entry] = range(gone + 1 if bypass else 1)
        return float(fetches[places[entry]][entry]) + min(best(position + 1, way) for way in product(*ways) if fit(way))

    return best(0, (gone,) * len(sizes))


BELOW = st.lists(st.integers(1, 5), min_size=1, max_size=2)


@given(
    case=sized(objects=3, uses=7), lower=BELOW, fetch=st.integers(0, 3), hidden=st.integers(0, 2), bypass=st.booleans()
)
@settings(deadline=None, max_examples=50)
def test_against_trying_everything(case: Case, lower: list[int], fetch: int, hidden: int, bypass: bool) -> None:
    uses, capacity = case
    tiers = [Tier(capacity), *(Tier(room, fetch * (1 + depth), hidden) for depth, room in enumerate(lower))]
    best = least_cost(uses, tiers, bypass)
    linear = tiers_program(uses, tiers, bypass=bypass, sinks=False)
    whole = tiers_program(uses, tiers, bypass=bypass, sinks=False, integer=True)
    assert whole.exact
    assert whole.upper == pytest.approx(best)
    for found in (linear, whole):
        assert found.lower <= best + 1e-6
        assert found.kept is not None
        assert cost_of(uses, tiers, found.kept, bypass) == pytest.approx(found.upper)


@example(  # object 1 may go down once more when 0 comes up, to where it comes from for less
    case=(Uses.of([0, 1, 2, 0, 1], costs={0: 1, 1: 1, 2: 0}), 1), lower=[1, 1], fetches=(1, 0), latency=0, hidden=0,
    bypass=False,
)  # fmt: skip
@given(
    case=sized(objects=4, uses=9, size=3), lower=BELOW, fetches=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    latency=st.integers(0, 2), hidden=st.integers(0, 2), bypass=st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=300)
def test_sinking_against_trying_everything(
    case: Case, lower: list[int], fetches: tuple[int, int], latency: int, hidden: int, bypass: bool
) -> None:
    """Below may be nearer than above, and too small for some: a path may pass it, but not come up again."""
    uses, capacity = case
    tiers = [Tier(capacity), *(Tier(*pair, hidden, latency) for pair in zip(lower, fetches, strict=False))]
    best = least_cost_sinking(uses, tiers, bypass)
    linear = tiers_program(uses, tiers, bypass=bypass)
    whole = tiers_program(uses, tiers, bypass=bypass, integer=True)
    assert whole.exact
    assert whole.upper == pytest.approx(best)
    assert linear.lower <= best + 1e-6
    assert linear.upper >= best - 1e-6


@given(
    case=sized(objects=8, uses=40), lower=BELOW, fetch=st.integers(0, 3), hidden=st.integers(0, 2), bypass=st.booleans()
)
@settings(deadline=None, max_examples=50)
def test_what_may_sink_costs_no_more(case: Case, lower: list[int], fetch: int, hidden: int, bypass: bool) -> None:
    uses, capacity = case
    tiers = [Tier(capacity), *(Tier(room, fetch * (1 + depth), hidden) for depth, room in enumerate(lower))]
    staying = tiers_program(uses, tiers, bypass=bypass, sinks=False)
    assert tiers_program(uses, tiers, bypass=bypass).lower <= staying.lower + 1e-6


@given(case=sized(objects=6, uses=30), bypass=st.booleans(), sinks=st.booleans())
@settings(deadline=None)
def test_one_tier_is_one_memory(case: Case, bypass: bool, sinks: bool) -> None:
    uses, capacity = case
    assert tiers_program(uses, [Tier(capacity)], bypass=bypass, sinks=sinks).lower == pytest.approx(
        program(uses, capacity, bypass=bypass).lower
    )


@pytest.mark.parametrize(
    ("tiers", "sinks", "linear", "whole"),
    [
        (1, False, 38.0, 38.0), (2, False, 21.2077, 22.8), (3, False, 13.8231, None),
        (1, True, 38.0, 38.0), (2, True, 19.0, 19.0), (3, True, 13.0, None),
    ],
)  # fmt: skip
def test_eight_agents_in_a_loop(tiers: int, sinks: bool, linear: float, whole: float | None) -> None:
    """2.7 GB each, 80 prefills; room for 5, then 2 at 0.05 of a prefill, then 2 at 0.4."""
    prompt = 2.7
    memories = [Tier(5 * prompt), Tier(2 * prompt, 0.05 / prompt), Tier(2 * prompt, 0.4 / prompt)][:tiers]
    uses = Uses.of(list(range(8)) * 10, dict.fromkeys(range(8), prompt))
    assert uses.cost_without_cache == 80
    assert tiers_program(uses, memories, sinks=sinks).lower == pytest.approx(linear, abs=1e-4)
    if whole is not None:
        found = tiers_program(uses, memories, sinks=sinks, integer=True)
        assert found.exact
        assert found.upper == pytest.approx(whole)


def test_what_is_wrong_is_named() -> None:
    uses = Uses.of("aba")
    with pytest.raises(UsageError, match="at least one tier"):
        tiers_program(uses, [])
    with pytest.raises(UsageError, match="without a cost"):
        tiers_program(uses, [Tier(1, 0.5)])
    with pytest.raises(UsageError, match="0 or more"):
        Tier(1, -1)
