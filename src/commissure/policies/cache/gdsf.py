"""GreedyDual-Size with frequency: what saves least per room leaves first, and age counts against it."""

from __future__ import annotations

import math
from collections.abc import Hashable

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Gdsf(Evictor):
    """H = L + uses * cost / size, where L is the H of the last that left (Cherkasova 1998, HP Labs HPL-98-69R1).

    H is set at each use with the L of then, so that old merits fade. Where the cache takes another than the smallest, L
    never falls. Of equals the least recently used leaves.
    """

    lasting = True

    def __init__(self) -> None:
        self._age = 0.0
        self._merits: dict[Hashable, float] = {}

    def for_cache(self, capacity: float) -> Gdsf:
        """Its own age."""
        return Gdsf()

    def priority(self, entry: Resident, now: Moment) -> tuple[float, int]:
        """H, then the last use."""
        return self._merits.get(entry.key, self._merit(entry)), entry.last_used

    def entered(self, entry: Resident, now: Moment) -> None:
        """H as of now."""
        self._merits[entry.key] = self._merit(entry)

    def used(self, entry: Resident, now: Moment) -> None:
        """H as of now."""
        self._merits[entry.key] = self._merit(entry)

    def left(self, entry: Resident, now: Moment) -> None:
        """All others grow older."""
        merit = self._merits.pop(entry.key, self._age)
        if math.isfinite(merit):
            self._age = max(self._age, merit)

    def _merit(self, entry: Resident) -> float:
        """What takes no room is worth keeping at any cost."""
        return self._age + entry.uses * entry.cost / entry.size if entry.size else math.inf


def build(plan: Plan) -> Gdsf:
    """Needs nothing of the plan."""
    return Gdsf()
