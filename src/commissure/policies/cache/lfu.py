"""Least frequently used leaves first, of equals the least recently used."""

from __future__ import annotations

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Lfu(Evictor):
    """Uses count from when the entry came: one that has left starts anew."""

    lasting = True

    def priority(self, entry: Resident, now: Moment) -> tuple[int, int]:
        """Its uses, then the last of them."""
        return entry.uses, entry.last_used


def build(plan: Plan) -> Lfu:
    """Needs nothing of the plan."""
    return Lfu()
