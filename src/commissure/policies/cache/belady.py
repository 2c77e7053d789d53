"""Belady's MIN: who is used again last leaves first. Offline: it reads the future from the plan."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Hashable, Iterable

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Belady(Evictor):
    """The fewest misses for entries of one size and cost (Belady 1966), forced and with bypass.

    `uses` are keys by `Moment.step`: the n-th is what the n-th use uses.
    """

    lasting = True

    def __init__(self, uses: Iterable[Hashable]) -> None:
        self._positions: dict[Hashable, list[int]] = {}
        for position, key in enumerate(uses):
            self._positions.setdefault(key, []).append(position)

    def priority(self, entry: Resident, now: Moment) -> float:
        """The next use, furthest first; what is never used again before all others."""
        positions = self._positions.get(entry.key, ())
        following = bisect_right(positions, now.step)
        return -positions[following] if following < len(positions) else -math.inf


def build(plan: Plan) -> Belady:
    """Needs the uses."""
    return Belady(plan.need_uses("belady"))
