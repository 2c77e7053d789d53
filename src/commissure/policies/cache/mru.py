"""Most recently used leaves first: optimal on a plain loop, so the baseline that "not LRU" must beat."""

from __future__ import annotations

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Mru(Evictor):
    """On a plain loop the same as Belady's MIN under forced residency."""

    lasting = True

    def priority(self, entry: Resident, now: Moment) -> int:
        """The call that last used it, latest first."""
        return -entry.last_used


def build(plan: Plan) -> Mru:
    """Needs nothing of the plan."""
    return Mru()
