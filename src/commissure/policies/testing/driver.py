"""A minimal reference cache by the seam, with room, sizes, bypass and calls that run on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from typing import Any, Protocol

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.policies.cache.traces.flat import Use
from commissure.policies.testing.broken import Unsortable, shown


class Cache(Protocol):
    """What the kit asks of a cache: one's own can take the place of the reference."""

    residents: dict[Hashable, Resident]

    def use(self, use: Use, running: Collection[Hashable]) -> tuple[bool, tuple[Hashable, ...]]:
        """Serve a use while the calls of others run on: whether it hit, and which keys left for it."""


# Makes a cache of an evictor, a capacity, and whether an object may be served without a place.
NewCache = Callable[[Evictor, float, bool], Cache]


class ReferenceCache:
    """The seam in its plainest reading: at each eviction every resident that is not running is asked about."""

    def __init__(self, evictor: Evictor, capacity: float, bypass: bool = False) -> None:
        self.residents: dict[Hashable, Resident] = {}
        self._evictor, self._room, self._bypass, self._step = evictor.for_cache(capacity), capacity, bypass, 0

    def use(self, use: Use, running: Collection[Hashable] = ()) -> tuple[bool, tuple[Hashable, ...]]:
        """Serve a use: whether it hit, and which keys left. Raises UsageError if no room can be made."""
        now = moment(self._step, use)
        self._step += 1
        self._evictor.asked(now)
        if before := self.residents.get(use.key):
            entry = self.residents[use.key] = replace(before, last_used=now.step, uses=before.uses + 1)
            self._evictor.used(entry, now)
            return True, ()
        entry = Resident(now.agent, 0, now.step, now.step, 1, use.key, use.size, use.cost)
        leaving: list[Resident] = []
        while self._room + sum(one.size for one in leaving) < use.size:
            spared = {*running, *(one.key for one in leaving)}
            victim = self._first([one for one in self.residents.values() if one.key not in spared], entry, now)
            if victim is entry:
                return False, ()
            leaving.append(victim)
        for one in leaving:
            self.residents.pop(one.key, None)
            self._room += one.size
            self._evictor.left(one, now)
        self.residents[use.key] = entry
        self._room -= use.size
        self._evictor.entered(entry, now)
        return False, tuple(one.key for one in leaving)

    def _first(self, idle: list[Resident], entry: Resident, now: Moment) -> Resident:
        """Who leaves: with bypass the newcomer, if its key is smaller than all others."""
        rivals = [*idle, entry] if self._bypass else idle
        if not rivals:
            raise UsageError(f"no room for {entry.key!r} of size {entry.size:g}: all that is resident runs")
        keys = [self._evictor.priority(one, now) for one in rivals]
        best = 0
        for place in range(1, len(keys)):
            if smaller(keys[place], keys[best]):
                best = place
        return rivals[best]


def moment(step: int, use: Use) -> Moment:
    """The moment of a use."""
    return Moment(step, use.agent or str(use.key), use.workflow, use.others, use.key)


def smaller(one: Any, other: Any) -> bool:
    """Whether a key sorts before another. Raises Unsortable if they do not compare."""
    try:
        return bool(one < other)
    except Exception as error:
        raise Unsortable(f"the keys {shown(one)} and {shown(other)} do not compare: {error}") from error
