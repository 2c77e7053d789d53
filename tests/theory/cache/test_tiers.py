"""Several memories: against trying everything, and with one tier against the program of one memory."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
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


@given(
    case=sized(objects=3, uses=7),
    lower=st.lists(st.integers(1, 5), min_size=1, max_size=2),
    fetch=st.integers(0, 3),
    hidden=st.integers(0, 2),
    bypass=st.booleans(),
)
@settings(deadline=None, max_examples=50)
def test_against_trying_everything(case: Case, lower: list[int], fetch: int, hidden: int, bypass: bool) -> None:
    uses, capacity = case
    tiers = [Tier(capacity), *(Tier(room, fetch * (1 + depth), hidden) for depth, room in enumerate(lower))]
    best = least_cost(uses, tiers, bypass)
    linear = tiers_program(uses, tiers, bypass=bypass)
    whole = tiers_program(uses, tiers, bypass=bypass, integer=True)
    assert whole.exact
    assert whole.upper == pytest.approx(best)
    for found in (linear, whole):
        assert found.lower <= best + 1e-6
        assert found.kept is not None
        assert cost_of(uses, tiers, found.kept, bypass) == pytest.approx(found.upper)


@given(case=sized(objects=6, uses=30), bypass=st.booleans())
@settings(deadline=None)
def test_one_tier_is_one_memory(case: Case, bypass: bool) -> None:
    uses, capacity = case
    assert tiers_program(uses, [Tier(capacity)], bypass=bypass).lower == pytest.approx(
        program(uses, capacity, bypass=bypass).lower
    )


@pytest.mark.parametrize(("tiers", "linear", "whole"), [(1, 38.0, 38.0), (2, 21.2077, 22.8), (3, 13.8231, None)])
def test_eight_agents_in_a_loop(tiers: int, linear: float, whole: float | None) -> None:
    """2.7 GB each, 80 prefills; room for 5, then 2 at 0.05 of a prefill, then 2 at 0.4."""
    prompt = 2.7
    memories = [Tier(5 * prompt), Tier(2 * prompt, 0.05 / prompt), Tier(2 * prompt, 0.4 / prompt)][:tiers]
    uses = Uses.of(list(range(8)) * 10, dict.fromkeys(range(8), prompt))
    assert uses.cost_without_cache == 80
    assert tiers_program(uses, memories).lower == pytest.approx(linear, abs=1e-4)
    if whole is not None:
        found = tiers_program(uses, memories, integer=True)
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
