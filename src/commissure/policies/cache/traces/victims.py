"""Who leaves next: a heap where priorities last until the next use, a look at everyone where they do not."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from commissure.hal.eviction import Evictor, Moment, Resident, first_to_leave


class Victims:
    """The residents in the order in which they leave. Amortised O(log n) a use for a lasting priority, else O(n)."""

    def __init__(self, evictor: Evictor) -> None:
        self._evictor = evictor
        self._heap: list[tuple[Any, int, Resident]] = []
        self._number = 0

    def add(self, entry: Resident, now: Moment) -> None:
        """The entry is resident, as it is now; an older state of it does not count any more."""
        if self._evictor.lasting:
            self._number += 1
            heappush(self._heap, (self._evictor.priority(entry, now), self._number, entry))

    def pop(self, now: Moment, residents: Mapping[Hashable, Resident], spared: Collection[Resident]) -> Resident | None:
        """The one of the residents that leaves first and is not spared. Raises UsageError if keys do not sort."""
        if self._evictor.lasting:
            return self._pop_of_heap(residents)
        left = [entry for entry in residents.values() if entry not in spared] if spared else residents.values()
        return first_to_leave(self._evictor, left, now)

    def _pop_of_heap(self, residents: Mapping[Hashable, Resident]) -> Resident | None:
        """Entries of the heap that are not what is resident now are left over from before their last use."""
        if len(self._heap) > 2 * len(residents) + 64:
            self._heap = [item for item in self._heap if residents.get(item[2].key) is item[2]]
            heapify(self._heap)
        while self._heap:
            entry = heappop(self._heap)[2]
            if residents.get(entry.key) is entry:
                return entry
        return None
