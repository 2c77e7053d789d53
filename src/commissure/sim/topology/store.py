"""One tier of KV memory: the units that it holds, and who leaves it when room is needed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import simpy

from commissure.hal.eviction import Evictor
from commissure.hal.profiles.serving import Tier
from commissure.sim.engine.scored import ScoredCache
from commissure.sim.topology.channel import Channel


class Store:
    """One tier: units by least recent use, each of `unit_bytes`."""

    def __init__(self, env: simpy.Environment, tier: Tier, unit_bytes: float) -> None:
        self.name = tier.name
        self.capacity = int(tier.gb * 1e9 / unit_bytes)
        self.channel = Channel(env, tier.gb_per_s * 1e9, tier.latency_s)
        self.held: OrderedDict[int, None] = OrderedDict()
        self.full = False
        self._unit_bytes = unit_bytes

    def put(self, unit: int) -> int | None:
        """Take a unit in, written unless it stands here; returns the one that has to leave for it, if any."""
        if unit not in self.held:
            self.channel.send(self._unit_bytes)
        self.held[unit] = None
        self.held.move_to_end(unit)
        return self.held.popitem(last=False)[0] if len(self.held) > self.capacity else None

    def touch(self, unit: int) -> None:
        """A unit that stands here is asked for."""
        self.held.move_to_end(unit)


class ScoredStore(Store):
    """A tier in which what comes down competes with what stands here: of all, the smallest priority leaves.

    What the chip has too leaves before all else, and nothing on which something here builds. The evictor is that of the
    chip's cache, with a memory of this tier's own; what is known of the units is known to that cache. O(ends of prompts
    here) a unit that finds no room.
    """

    def __init__(
        self, env: simpy.Environment, tier: Tier, unit_bytes: float, cache: ScoredCache, evictor: Evictor
    ) -> None:
        super().__init__(env, tier, unit_bytes)
        self.evictor = evictor.for_cache(max(1, self.capacity))
        self._cache = cache
        self._children: dict[int, int] = {}
        # The units on which nothing here builds.
        self._ends: dict[int, None] = {}

    def put(self, unit: int) -> int | None:
        """As `Store.put`; a unit that would be the first to leave is itself what leaves, and is not written."""
        if unit in self.held:
            return None
        leaving = self._first_to_leave(unit) if len(self.held) >= self.capacity else None
        if leaving == unit:
            return unit
        if leaving is not None:
            self._drop(leaving)
            self.evictor.left(self._cache.entry(leaving), self._cache.now)
        self.channel.send(self._unit_bytes)
        self._add(unit)
        self.evictor.entered(self._cache.entry(unit), self._cache.now)
        return leaving

    def touch(self, unit: int) -> None:
        """As `Store.touch`."""
        self.evictor.used(self._cache.entry(unit), self._cache.now)

    def _first_to_leave(self, comes: int) -> int:
        parent = self._cache.parent(comes)
        able = [one for one in self._ends if one != parent]
        if comes not in self._children:
            able.append(comes)
        return min(able, key=self._rank)

    def _rank(self, unit: int) -> tuple[bool, Any]:
        cache = self._cache
        return not cache.here(unit), self.evictor.priority(cache.entry(unit), cache.now)

    def _add(self, unit: int) -> None:
        self.held[unit] = None
        if unit not in self._children:
            self._ends[unit] = None
        parent = self._cache.parent(unit)
        if parent is not None:
            self._children[parent] = self._children.get(parent, 0) + 1
            self._ends.pop(parent, None)

    def _drop(self, unit: int) -> None:
        del self.held[unit]
        del self._ends[unit]
        parent = self._cache.parent(unit)
        if parent is not None:
            self._children[parent] -= 1
            if not self._children[parent]:
                del self._children[parent]
                if parent in self.held:
                    self._ends[parent] = None
