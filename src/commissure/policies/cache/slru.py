"""Segmented LRU: what was used twice is protected from what was used once."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable

from commissure.hal.eviction import Evictor, Moment, Plan, Resident

# The paper leaves the protected segment's share to the workload; three fifths is assumed here. In whole numbers, so
# that it is exact where the capacity is a multiple of five.
PROTECTED, OF = 3, 5


class Slru(Evictor):
    """Karedla, Love, Wherry: Caching Strategies to Improve Disk System Performance (IEEE Computer 27(3), 1994).

    Two LRU segments. A hit moves an entry into the protected one, whose least recently used fall back to the newer end
    of the probationary one; the oldest there leaves. Own choice, for while the cache fills: what comes when only the
    protected segment has room goes there, as in libCacheSim; else what comes is on trial, as in the paper.
    """

    def __init__(self, capacity: float = math.inf) -> None:
        self._protected_room = capacity * PROTECTED / OF
        self._trial_room = capacity - self._protected_room if capacity < math.inf else capacity
        self._stamp = 0
        self._stamps: dict[Hashable, int] = {}
        self._trial: dict[Hashable, float] = {}
        self._protected: OrderedDict[Hashable, float] = OrderedDict()

    def for_cache(self, capacity: float) -> Slru:
        """Its own segments."""
        return Slru(capacity)

    def priority(self, entry: Resident, now: Moment) -> tuple[bool, int]:
        """Whether it is protected, then when it came into its segment or was used there."""
        return entry.key in self._protected, self._stamps.get(entry.key, self._stamp)

    def entered(self, entry: Resident, now: Moment) -> None:
        """On trial, unless only the protected segment has room."""
        self.left(entry, now)
        trial = sum(self._trial.values()) + entry.size <= self._trial_room
        protected = sum(self._protected.values()) + entry.size <= self._protected_room
        segment = self._protected if protected and not trial else self._trial
        segment[entry.key] = entry.size
        self._stamp_anew(entry.key)

    def used(self, entry: Resident, now: Moment) -> None:
        """Protected; those that it pushes out are on trial again."""
        self.left(entry, now)
        self._protected[entry.key] = entry.size
        self._stamp_anew(entry.key)
        taken = sum(self._protected.values())
        while taken > self._protected_room:
            key, size = self._protected.popitem(last=False)
            taken -= size
            self._trial[key] = size
            self._stamp_anew(key)

    def left(self, entry: Resident, now: Moment) -> None:
        """In neither segment any more."""
        self._trial.pop(entry.key, None)
        self._protected.pop(entry.key, None)
        self._stamps.pop(entry.key, None)

    def _stamp_anew(self, key: Hashable) -> None:
        self._stamps[key] = self._stamp
        self._stamp += 1


def build(plan: Plan) -> Slru:
    """Needs nothing of the plan."""
    return Slru()
