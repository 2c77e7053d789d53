"""The least cost over several memories: what waits where between two uses, and what fetching it back costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from commissure.hal.errors import UsageError
from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.greedy import Remaining
from commissure.theory.cache.solve import Rows, integral, relaxed
from commissure.theory.cache.spans import Mask, Spans, spans_of
from commissure.theory.cache.uses import Floats, Uses


@dataclass(frozen=True, slots=True)
class Tier:
    """A memory: its capacity, in the unit of sizes, and what it costs to fetch from it, in the unit of costs.

    Fetching an object of size s costs max(0, s * cost_per_size - hidden): `hidden` is what a prefetch hides. The first
    tier, where objects are used, has 0.
    """

    capacity: float
    cost_per_size: float = 0.0
    hidden: float = 0.0

    def __post_init__(self) -> None:
        if not (self.cost_per_size >= 0 and self.hidden >= 0):
            raise UsageError(f"cost_per_size and hidden are 0 or more, not {self.cost_per_size} and {self.hidden}")


def tiers_program(
    uses: Uses,
    tiers: Sequence[Tier],
    *,
    bypass: bool = False,
    integer: bool = False,
    time_limit_s: float = 60.0,
    unit: str = "miss cost",
) -> Bracket:
    """The bracket for memories of which each interval between two uses is spent in one, or in none.

    Moves happen right after a use and just before the next; an object that is demoted halfway is not modelled, nor are
    channels that many prefetches share. Forced, what is used must be resident in tiers[0]; the others hold only what
    waits. `kept` of the bracket has the intervals of all tiers one after another.
    Raises UsageError without tiers, for a first tier that costs, and as `spans_of` does.
    """
    if not tiers or tiers[0].cost_per_size > 0:
        raise UsageError("give at least one tier, and the first, where objects are used, without a cost")
    every = [
        _saving(spans_of(uses, tier.capacity, bypass=bypass or number > 0), tier).compressed()
        for number, tier in enumerate(tiers)
    ]
    count = len(every[0].first)
    once = Rows(sparse.hstack([sparse.eye_array(count)] * len(every), "csr"), np.ones(count)) if count else None
    values = np.concatenate([spans.values for spans in every])
    linear = relaxed(every, once)
    assert linear.parts is not None
    ceiling, lower_by, upper_by = linear.ceiling, "linear program of tiers", "linear program of tiers, rounded"
    kept = _rounded(every, linear.parts)
    if integer:
        best = integral(every, once, time_limit_s=time_limit_s)
        if best.ceiling < ceiling:
            ceiling, lower_by = best.ceiling, "integer program of tiers"
        whole = kept if best.parts is None else _rounded(every, best.parts)
        if values @ whole > values @ kept:
            kept, upper_by = whole, "integer program of tiers"
    costs = uses.costs[uses.objects]
    return bracket_of(costs, values, ceiling, kept, lower_by, upper_by, bypass=bypass, unit=unit)


def _saving(spans: Spans, tier: Tier) -> Spans:
    fetch = np.maximum(spans.sizes * tier.cost_per_size - tier.hidden, 0.0)
    return replace(spans, values=np.maximum(spans.values - fetch, 0.0))


def _rounded(tiers: Sequence[Spans], parts: Floats) -> Mask:
    """Intervals as they fit, the largest part first, then what saves most; each in one tier at most."""
    count = len(tiers[0].first)
    values = np.concatenate([spans.values for spans in tiers])
    remaining, placed, kept = [Remaining(spans) for spans in tiers], bytearray(count), np.zeros(len(parts), np.bool_)
    for number in np.lexsort((-values, -np.round(parts, 6))).tolist():
        tier, interval = divmod(number, count)
        if values[number] > 0 and not placed[interval] and remaining[tier].take(interval):
            kept[number] = placed[interval] = True
    return kept
