"""ARC: recency and frequency in two lists, whose shares follow what was sent away too soon."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterable

from commissure.hal.eviction import Evictor, Moment, Plan, Resident

List = OrderedDict[Hashable, Resident]


class Arc(Evictor):
    """Megiddo, Modha: ARC, a self-tuning, low overhead replacement cache (FAST 2003), figure 4.

    T1 and T2 hold what was used once and more often, B1 and B2 the ghosts of each. Lengths are sums of sizes, and the
    target of T1 moves by the size of what comes. A newcomer is never turned away.
    """

    def __init__(self, capacity: float = math.inf) -> None:
        self._capacity = capacity
        self._target = 0.0
        self._once: List = OrderedDict()
        self._often: List = OrderedDict()
        self._once_ghosts: List = OrderedDict()
        self._often_ghosts: List = OrderedDict()
        self._leaving: list[tuple[List, Resident]] = []
        self._ranks: tuple[Hashable, dict[Hashable, int]] | None = None

    def for_cache(self, capacity: float) -> Arc:
        """Its own lists."""
        return Arc(capacity)

    def priority(self, entry: Resident, now: Moment) -> int:
        """How many leave before it."""
        if self._ranks is None or self._ranks[0] != now.key:
            self._ranks = now.key, {key: rank for rank, key in enumerate(self._order(now.key))}
        return self._ranks[1].get(entry.key, len(self._ranks[1]))

    def entered(self, entry: Resident, now: Moment) -> None:
        """To T2 if it is missed as a ghost, else to T1; the target learns before the newest ghosts count."""
        self._forget(entry.key)
        self._target = self._adapted(entry.key, entry.size)
        ghost = self._once_ghosts.pop(entry.key, None) or self._often_ghosts.pop(entry.key, None)
        for ghosts, gone in self._leaving:
            ghosts[gone.key] = gone
        self._leaving.clear()
        (self._often if ghost else self._once)[entry.key] = entry
        self._trim()

    def used(self, entry: Resident, now: Moment) -> None:
        """To the newest end of T2."""
        self._forget(entry.key)
        self._often[entry.key] = entry

    def left(self, entry: Resident, now: Moment) -> None:
        """To be a ghost of its list."""
        if entry.key in self._once:
            self._leaving.append((self._once_ghosts, entry))
        elif entry.key in self._often:
            self._leaving.append((self._often_ghosts, entry))
        self._forget(entry.key)

    def _order(self, missed: Hashable) -> list[Hashable]:
        """REPLACE, again and again: T1's oldest while T1 is above its target, else T2's."""
        coming = self._once_ghosts.get(missed) or self._often_ghosts.get(missed)
        target = self._adapted(coming.key, coming.size) if coming else self._target
        tie = coming is not None and coming.key in self._often_ghosts
        once, often, length = list(self._once.values())[::-1], list(self._often)[::-1], _length(self._once.values())
        order: list[Hashable] = []
        while once or often:
            if once and (length > target or (tie and length == target) or not often):
                length -= once[-1].size
                order.append(once.pop().key)
            else:
                order.append(often.pop())
        return order

    def _adapted(self, key: Hashable, size: float) -> float:
        """The target of T1 after a miss of that key."""
        first, second = _length(self._once_ghosts.values()), _length(self._often_ghosts.values())
        if key in self._once_ghosts:
            return min(self._capacity, self._target + size * (max(second / first, 1) if first else 1))
        if key in self._often_ghosts:
            return max(0.0, self._target - size * (max(first / second, 1) if second else 1))
        return self._target

    def _trim(self) -> None:
        """No more than the capacity in T1 and B1, than twice that in all."""
        once, often = _length(self._once.values()), _length(self._often.values())
        _shorten(self._once_ghosts, self._capacity - once)
        _shorten(self._often_ghosts, 2 * self._capacity - once - often - _length(self._once_ghosts.values()))

    def _forget(self, key: Hashable) -> None:
        self._once.pop(key, None)
        self._often.pop(key, None)
        self._ranks = None


def _length(entries: Iterable[Resident]) -> float:
    return sum(entry.size for entry in entries)


def _shorten(ghosts: List, room: float) -> None:
    """The oldest ghosts are forgotten."""
    length = _length(ghosts.values())
    while ghosts and length > room:
        length -= ghosts.popitem(last=False)[1].size


def build(plan: Plan) -> Arc:
    """Needs nothing of the plan."""
    return Arc()
