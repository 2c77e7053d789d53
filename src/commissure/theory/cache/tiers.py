"""The least cost over several memories: what waits where between two uses, and what fetching it back costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from commissure.hal.errors import UsageError
from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.greedy import Remaining
from commissure.theory.cache.sinking import Paths
from commissure.theory.cache.solve import Rows, Solution, integral, relaxed
from commissure.theory.cache.spans import Mask, Spans, spans_of
from commissure.theory.cache.uses import Floats, Uses


@dataclass(frozen=True, slots=True)
class Tier:
    """A memory: its capacity, in the unit of sizes, and what it costs to fetch from it, in the unit of costs.

    Fetching an object of size s costs max(0, s * cost_per_size + latency - hidden): `hidden` is what a prefetch hides.
    From the first tier, where objects are used, it costs nothing.
    """

    capacity: float
    cost_per_size: float = 0.0
    hidden: float = 0.0
    latency: float = 0.0

    def __post_init__(self) -> None:
        if not (self.cost_per_size >= 0 and self.hidden >= 0 and self.latency >= 0):
            given = f"{self.cost_per_size}, {self.hidden} and {self.latency}"
            raise UsageError(f"cost_per_size, hidden and latency are 0 or more, not {given}")


def tiers_program(
    uses: Uses,
    tiers: Sequence[Tier],
    *,
    bypass: bool = False,
    sinks: bool = True,
    integer: bool = False,
    time_limit_s: float = 60.0,
    unit: str = "miss cost",
) -> Bracket:
    """The bracket of the least cost in several memories; forced, what is used must be resident in tiers[0].

    With `sinks` an object may go down from tier to tier between two uses, past some too, and pays for the tier it is
    in last; `lower` then holds for every policy that never brings an object up before its use. Without, it spends the
    whole interval in one tier; `lower` then holds only for policies that decide at each use where its object waits, and
    a cache whose objects sink may cost less. That program has a point per use where the other has one per object and
    use, so it is for long sequences: sinking takes a second for 300 uses of 25 objects in three tiers.
    Neither counts what a move down costs, nor channels that many moves share. `kept` of the bracket has the intervals
    of all tiers one after another; those that sink, by the tier that they end in.
    Raises UsageError without tiers, for a first tier that costs, and as `spans_of` does.
    """
    if not tiers or tiers[0].cost_per_size > 0 or tiers[0].latency > 0:
        raise UsageError("give at least one tier, and the first, where objects are used, without a cost")
    problem = (_sinking if sinks else _staying)(uses, tiers, bypass)
    name = "sinking in tiers" if sinks else "tiers"
    linear = problem.relaxed()
    assert linear.parts is not None
    ceiling, lower_by, upper_by = linear.ceiling, f"linear program of {name}", f"linear program of {name}, rounded"
    kept = problem.rounded(linear.parts)
    values = problem.values.ravel()
    if integer:
        best = problem.integral(time_limit_s=time_limit_s)
        if best.ceiling < ceiling:
            ceiling, lower_by = best.ceiling, f"integer program of {name}"
        whole = kept if best.parts is None else problem.rounded(best.parts)
        if values @ whole > values @ kept:
            kept, upper_by = whole, f"integer program of {name}"
    costs = uses.costs[uses.objects]
    return bracket_of(costs, values, ceiling, kept, lower_by, upper_by, bypass=bypass, unit=unit)


@dataclass(frozen=True, slots=True, eq=False)
class _Staying:
    """Each interval in one tier from end to end, or in none; parts and masks have all tiers one after another."""

    tiers: Sequence[Spans]

    @property
    def values(self) -> Floats:
        return np.array([spans.values for spans in self.tiers])

    @property
    def _once(self) -> Rows | None:
        count = len(self.tiers[0].first)
        return (
            Rows(sparse.hstack([sparse.eye_array(count)] * len(self.tiers), "csr"), np.ones(count)) if count else None
        )

    def relaxed(self) -> Solution:
        return relaxed(self.tiers, self._once)

    def integral(self, *, time_limit_s: float) -> Solution:
        return integral(self.tiers, self._once, time_limit_s=time_limit_s)

    def rounded(self, parts: Floats) -> Mask:
        """Intervals as they fit, the largest part first, then what saves most."""
        values, count = self.values.ravel(), len(self.tiers[0].first)
        remaining, placed = [Remaining(spans) for spans in self.tiers], bytearray(count)
        kept = np.zeros(len(parts), np.bool_)
        for number in np.lexsort((-values, -np.round(parts, 6))).tolist():
            tier, interval = divmod(number, count)
            if values[number] > 0 and not placed[interval] and remaining[tier].take(interval):
                kept[number] = placed[interval] = True
        return kept


def _staying(uses: Uses, tiers: Sequence[Tier], bypass: bool) -> _Staying:
    every = [spans_of(uses, tier.capacity, bypass=bypass or number > 0) for number, tier in enumerate(tiers)]
    saving = [_saved(spans.values, spans.sizes, tier) for spans, tier in zip(every, tiers, strict=True)]
    return _Staying([replace(spans, values=saved).compressed() for spans, saved in zip(every, saving, strict=True)])


def _sinking(uses: Uses, tiers: Sequence[Tier], bypass: bool) -> Paths:
    spans = spans_of(uses, tiers[0].capacity, bypass=bypass)
    costs = uses.costs[uses.objects[uses.intervals()[0]]]
    values = np.array([_saved(costs, spans.sizes, tier) for tier in tiers])
    return Paths.of(spans, values, [tier.capacity for tier in tiers[1:]])


def _saved(costs: Floats, sizes: Floats, tier: Tier) -> Floats:
    saved: Floats = np.maximum(costs - np.maximum(sizes * tier.cost_per_size + tier.latency - tier.hidden, 0.0), 0.0)
    return saved
