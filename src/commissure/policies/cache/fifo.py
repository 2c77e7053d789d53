"""First in, first out: who came earliest leaves first, used or not."""

from __future__ import annotations

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Fifo(Evictor):
    """The simplest order that there is; a hit changes nothing."""

    lasting = True

    def priority(self, entry: Resident, now: Moment) -> int:
        """The use by which it came."""
        return entry.inserted


def build(plan: Plan) -> Fifo:
    """Needs nothing of the plan."""
    return Fifo()
