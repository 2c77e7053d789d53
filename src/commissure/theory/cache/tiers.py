"""The least cost over several memories: what waits where between two uses, and what fetching it back costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from commissure.hal.errors import UsageError
from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.greedy import Remaining
from commissure.theory.cache.sinking import Sinking
from commissure.theory.cache.sinking_linear import linear
from commissure.theory.cache.sinking_whole import whole
from commissure.theory.cache.solve import Rows, integral, relaxed
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

    With `sinks` an object may go down between two uses, past a tier too, and pays for the tier that it is in last:
    `lower` then holds for every policy that brings nothing up before its use. Without, it spends each whole interval in
    one tier: `lower` then holds only for policies that decide where an object waits at its use; a cache whose objects
    sink may cost less, which is why they do here by default. That costs time: for 300 uses of 26 objects in three tiers
    a second instead of a tenth, for 1,000 of 72 half a minute instead of half a second.
    What a move down costs is not counted, nor are channels that many moves share modelled. `kept` of the bracket has
    the intervals of all tiers one after another; those that sink, in the tier that they end in.
    Raises UsageError without tiers, for a first tier that costs, and as `spans_of` does.
    """
    if not tiers or tiers[0].cost_per_size > 0 or tiers[0].latency > 0:
        raise UsageError("give at least one tier, and the first, where objects are used, without a cost")
    problem = (_Sinks if sinks else _Stays).of(uses, tiers, bypass)
    name = "sinking in tiers" if sinks else "tiers"
    ceiling, kept = problem.linear()
    lower_by, upper_by = f"linear program of {name}", f"linear program of {name}, rounded"
    values = problem.values.ravel()
    if integer:
        best, found = problem.whole(time_limit_s)
        if best < ceiling:
            ceiling, lower_by = best, f"integer program of {name}"
        if values @ found > values @ kept:
            kept, upper_by = found, f"integer program of {name}"
    costs = uses.costs[uses.objects]
    return bracket_of(costs, values, ceiling, kept, lower_by, upper_by, bypass=bypass, unit=unit)


@dataclass(frozen=True, slots=True, eq=False)
class _Stays:
    """Each interval in one tier from end to end, or in none; parts and masks have all tiers one after another."""

    tiers: Sequence[Spans]

    @classmethod
    def of(cls, uses: Uses, tiers: Sequence[Tier], bypass: bool) -> _Stays:
        every = [spans_of(uses, tier.capacity, bypass=bypass or number > 0) for number, tier in enumerate(tiers)]
        saved = [_saved(spans.values, spans.sizes, tier) for spans, tier in zip(every, tiers, strict=True)]
        return cls([replace(spans, values=own).compressed() for spans, own in zip(every, saved, strict=True)])

    @property
    def values(self) -> Floats:
        return np.array([spans.values for spans in self.tiers])

    def linear(self) -> tuple[float, Mask]:
        found = relaxed(self.tiers, self._once())
        return found.ceiling, self._rounded(found.parts)

    def whole(self, time_limit_s: float) -> tuple[float, Mask]:
        found = integral(self.tiers, self._once(), time_limit_s=time_limit_s)
        return found.ceiling, self._rounded(found.parts)

    def _once(self) -> Rows | None:
        count = len(self.tiers[0].first)
        if not count:
            return None
        return Rows(sparse.hstack([sparse.eye_array(count)] * len(self.tiers), "csr"), np.ones(count))

    def _rounded(self, parts: Floats | None) -> Mask:
        """Intervals as they fit, the largest part first, then what saves most."""
        values, count = self.values.ravel(), len(self.tiers[0].first)
        kept = np.zeros(len(values), np.bool_)
        if parts is None:
            return kept
        remaining, placed = [Remaining(spans) for spans in self.tiers], bytearray(count)
        for number in np.lexsort((-values, -np.round(parts, 6))).tolist():
            tier, interval = divmod(number, count)
            if values[number] > 0 and not placed[interval] and remaining[tier].take(interval):
                kept[number] = placed[interval] = True
        return kept


@dataclass(frozen=True, slots=True, eq=False)
class _Sinks:
    """Each interval on a path downwards, or nowhere; masks have the tiers that they end in, one after another."""

    paths: Sinking

    @classmethod
    def of(cls, uses: Uses, tiers: Sequence[Tier], bypass: bool) -> _Sinks:
        spans = spans_of(uses, tiers[0].capacity, bypass=bypass)
        costs = uses.costs[uses.objects[uses.intervals()[0]]]
        values = np.array([_saved(costs, spans.sizes, tier) for tier in tiers])
        return cls(Sinking.of(spans, values, [tier.capacity for tier in tiers[1:]]))

    @property
    def values(self) -> Floats:
        return self.paths.values

    def linear(self) -> tuple[float, Mask]:
        return linear(self.paths)

    def whole(self, time_limit_s: float) -> tuple[float, Mask]:
        return whole(self.paths, time_limit_s=time_limit_s)


def _saved(costs: Floats, sizes: Floats, tier: Tier) -> Floats:
    saved: Floats = np.maximum(costs - np.maximum(sizes * tier.cost_per_size + tier.latency - tier.hidden, 0.0), 0.0)
    return saved
