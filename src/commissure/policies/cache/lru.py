"""Least recently used leaves first: what engines do by default."""

from __future__ import annotations

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Lru(Evictor):
    """Blind to the workflow. On a loop longer than the cache it evicts just what is needed next."""

    lasting = True

    def priority(self, entry: Resident, now: Moment) -> int:
        """The call that last used it."""
        return entry.last_used


def build(plan: Plan) -> Lru:
    """Needs nothing of the plan."""
    return Lru()
