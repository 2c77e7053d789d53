"""S3-FIFO: a small queue on trial, a main queue for what proves itself, ghosts of what was sent away too soon."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from commissure.hal.eviction import Evictor, Moment, Plan, Resident

Queue = OrderedDict[Hashable, int]
MOST_USES = 3  # two bits, section 4.1 of the paper


@dataclass(slots=True)
class Queues:
    """Uses since it came of each entry of the small and the main queue, the oldest first, and the entries' sizes."""

    small_room: float
    small: Queue = field(default_factory=OrderedDict)
    main: Queue = field(default_factory=OrderedDict)
    sizes: dict[Hashable, float] = field(default_factory=dict)

    def order(self) -> list[Hashable]:
        """All in the order in which they would leave; changes nothing."""
        ahead = Queues(self.small_room, self.small.copy(), self.main.copy(), self.sizes)
        taken, order = self.taken(), list[Hashable]()
        for _ in range(len(self.small) + len(self.main)):
            queue, taken = ahead.settle(taken)
            key = queue.popitem(last=False)[0]
            if queue is ahead.small:
                taken -= self.sizes[key]
            order.append(key)
        return order

    def taken(self) -> float:
        """The room that the small queue takes."""
        return sum(self.sizes[key] for key in self.small)

    def settle(self, taken: float) -> tuple[Queue, float]:
        """Promote and reinsert, as evictS and evictM do, until the oldest of a queue is to leave: that queue.

        `taken` is the room of the small queue, before and after.
        """
        while True:
            if self.small and (taken >= self.small_room or not self.main):
                key, uses = next(iter(self.small.items()))
                if uses <= 1:
                    return self.small, taken
                del self.small[key]
                taken -= self.sizes[key]
                self.main[key] = 0
            else:
                key, uses = next(iter(self.main.items()))
                if not uses:
                    return self.main, taken
                self.main.move_to_end(key)
                self.main[key] = uses - 1


class S3Fifo(Evictor):
    """Yang, Zhang, Qiu, Yue, Vigfusson: FIFO queues are all you need for cache eviction (SOSP 2023), algorithm 1.

    The small queue has a tenth of the room, the ghosts are as large as the main queue's share. Own choices: the main
    queue is full when it is above its share, and the room made there ends the search, as only what is needed leaves. In
    a cache below ten every entry fills the small queue, in a cache of one there are no ghosts. Where the cache takes
    another than the first, nothing else moves. A newcomer is never turned away.
    """

    def __init__(self, capacity: float = math.inf) -> None:
        self._queues = Queues(capacity / 10)
        self._ghost_room = capacity * 9 / 10
        self._ghosts: OrderedDict[Hashable, float] = OrderedDict()
        self._ranks: dict[Hashable, int] | None = None

    def for_cache(self, capacity: float) -> S3Fifo:
        """Its own queues."""
        return S3Fifo(capacity)

    def priority(self, entry: Resident, now: Moment) -> int:
        """How many leave before it."""
        ranks = self._ranking()
        return ranks.get(entry.key, len(ranks))

    def entered(self, entry: Resident, now: Moment) -> None:
        """To the main queue if it is missed as a ghost, else on trial."""
        self._forget(entry.key)
        queue = self._queues.small if self._ghosts.pop(entry.key, None) is None else self._queues.main
        queue[entry.key] = 0
        self._queues.sizes[entry.key] = entry.size

    def used(self, entry: Resident, now: Moment) -> None:
        """One use more; its place in the queue stays."""
        for queue in (self._queues.small, self._queues.main):
            if entry.key in queue:
                queue[entry.key] = min(queue[entry.key] + 1, MOST_USES)
        self._ranks = None

    def left(self, entry: Resident, now: Moment) -> None:
        """Whom it displaced on its way is promoted; gone from the small queue it is a ghost."""
        if self._ranking().get(entry.key) == 0:
            self._queues.settle(self._queues.taken())
        if entry.key in self._queues.small:
            self._ghosts[entry.key] = entry.size
            while sum(self._ghosts.values()) > self._ghost_room:
                self._ghosts.popitem(last=False)
        self._forget(entry.key)

    def _forget(self, key: Hashable) -> None:
        self._queues.small.pop(key, None)
        self._queues.main.pop(key, None)
        self._queues.sizes.pop(key, None)
        self._ranks = None

    def _ranking(self) -> dict[Hashable, int]:
        if self._ranks is None:
            self._ranks = {key: rank for rank, key in enumerate(self._queues.order())}
        return self._ranks


def build(plan: Plan) -> S3Fifo:
    """Needs nothing of the plan."""
    return S3Fifo()
