"""A prefix cache whose victims an evictor names, in place of the least recently used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.hal.fleets.standing import Standing
from commissure.sim.engine.job import Job
from commissure.sim.engine.prefix import PrefixCache


class ScoredCache(PrefixCache):
    """Of the units that nobody uses and nothing kept builds on, the one with the smallest priority leaves.

    A unit is a `Resident`: `agent` is who asked for it first (the job's tag), `slot` its depth in the prefix tree;
    `inserted` and `last_used` count admissions. What is known of a unit that leaves for a tier below stays in `below`
    for as long as it stands in one. `heard` is told of each use. A look at all that is kept goes before each run of
    evictions, where the default needs none.
    """

    def __init__(self, capacity: float, block_tokens: int, unit_tokens: int, evictor: Evictor) -> None:
        super().__init__(capacity, block_tokens, unit_tokens)
        self.now = Moment(0, "")
        self.below: dict[int, Resident] = {}
        self.heard: Callable[[Moment], None] | None = None
        self._policy = evictor
        self._units = capacity * block_tokens / unit_tokens
        self._evictor = evictor.for_cache(self._units)
        self._entries: dict[int, Resident] = {}
        # Of every unit that is known: that of its prefix. And how many units here build on one.
        self._parents: dict[int, int] = {}
        self._children: dict[int, int] = {}
        self._standing = Standing(first=1)
        self._step = 0
        self._agent = ""

    def entry(self, unit: int) -> Resident:
        """What is known of a unit, here or below."""
        found = self._entries.get(unit)
        return self.below[unit] if found is None else found

    def here(self, unit: int) -> bool:
        """Whether the unit stands on the chip."""
        return unit in self._entries

    def parent(self, unit: int) -> int | None:
        """The unit on which a known one builds."""
        return self._parents.get(unit)

    def lost(self, unit: int) -> None:
        """The unit stands in no tier below any more."""
        self.below.pop(unit, None)
        if unit not in self._entries:
            self._parents.pop(unit, None)

    def hold(self, job: Job, matched: int, total: int) -> Sequence[int]:
        """As `PrefixCache.hold`, remembering who used what and when."""
        agent = str(job.tag or "")
        if not job.ahead:
            self._agent = agent
            self.now = self._standing.moment(job.node or agent, job.workflow)
            self._step = self.now.step
            self._evictor.asked(self.now)
            if self.heard is not None:
                self.heard(self.now)
        held = super().hold(job, matched, total)
        self._note(job.hashes[:total], agent, not job.ahead)
        return held

    def keep(self, units: Sequence[int]) -> None:
        """As `PrefixCache.keep`."""
        super().keep(units)
        self._note(units, self._agent, True)

    def land(self, units: Sequence[int], agent: str = "") -> None:
        """As `PrefixCache.land`."""
        super().land(units, agent)
        self._note(units, agent, False)

    def _note(self, units: Sequence[int], agent: str, used: bool) -> None:
        parent: int | None = None
        for depth, unit in enumerate(units):
            self._seen(unit, depth, parent, agent, used)
            parent = unit

    def _seen(self, unit: int, depth: int, parent: int | None, agent: str, used: bool) -> None:
        """A unit is used here, or comes ahead of its use."""
        here = self._entries.get(unit)
        entry = self._entries[unit] = self._entry(unit, depth, agent, used, here)
        if here is not None:
            if used:
                self._evictor.used(entry, self.now)
            return
        self._evictor.entered(entry, self.now)
        if parent is not None:
            self._parents[unit] = parent
            self._children[parent] = self._children.get(parent, 0) + 1

    def _entry(self, unit: int, depth: int, agent: str, used: bool, here: Resident | None) -> Resident:
        step, uses = self._step, 1 if used else 0
        before = self.below.get(unit) if here is None else here
        if before is None:
            return Resident(agent, depth, step, step, uses, unit)
        sharers = before.sharers
        if agent != before.agent and agent not in sharers:
            sharers = (*sharers, agent)
        inserted = step if here is None else here.inserted
        return Resident(before.agent, depth, inserted, step, before.uses + uses, unit, 1.0, 1.0, sharers)

    def _yielding(self, units: Sequence[int], agent: str) -> int:
        first = next((number for number, unit in enumerate(units) if unit not in self._refs), -1)
        if first < 0:
            return 0
        least = self._evictor.priority(self._entry(units[first], first, agent, False, None), self.now)
        mine = set(units)
        return sum(
            1
            for unit in self._idle
            if unit not in mine and self._evictor.priority(self._entries[unit], self.now) < least
        )

    def trim(self, used: float) -> None:
        """As `PrefixCache.trim`, in one look at what is kept: a moment's priorities are asked for once."""
        idle, room = self._idle, self.capacity - used
        if not idle or len(idle) * self._unit_blocks <= room:
            return
        # Of equals the one that has been kept longer leaves first.
        turns = {unit: turn for turn, unit in enumerate(idle)}
        heap = [self._rank(unit, turn) for unit, turn in turns.items() if not self._children.get(unit)]
        heapify(heap)
        while idle and len(idle) * self._unit_blocks > room:
            if not heap:  # on each something in use builds, as a prefix that was forgotten can leave it
                heap = sorted(self._rank(unit, turns[unit]) for unit in idle)
            unit = heappop(heap)[2]
            parent = self._parents.get(unit)
            self._let_go(unit)
            if parent is not None and parent in idle and not self._children.get(parent):
                heappush(heap, self._rank(parent, turns[parent]))

    def _rank(self, unit: int, turn: int) -> tuple[Any, int, int]:
        return self._evictor.priority(self._entries[unit], self.now), turn, unit

    def _leaves(self, unit: int) -> bool:
        return unit in self._idle and not self._children.get(unit)

    def _part(self, unit: int) -> None:
        super()._part(unit)
        if self.evicted is not None:
            self.below[unit] = self._entries[unit]
        self._gone(unit)

    def _gone(self, unit: int) -> None:
        self._evictor.left(self._entries.pop(unit), self.now)
        parent = self._parents.get(unit)
        if parent is not None:
            left = self._children.get(parent, 0) - 1
            if left > 0:
                self._children[parent] = left
            else:
                self._children.pop(parent, None)
        if unit not in self.below:
            self._parents.pop(unit, None)

    def forget(self, held: Sequence[int], matched: int) -> None:
        """As `PrefixCache.forget`."""
        super().forget(held, matched)
        for unit in reversed(held[matched:]):
            if unit in self._entries and unit not in self._refs:
                self._gone(unit)

    def clear(self) -> None:
        """Lose everything, what the evictor has learned included; the tiers below keep theirs."""
        super().clear()
        self._evictor = self._policy.for_cache(self._units)
        self._entries.clear()
        self._parents = {unit: parent for unit, parent in self._parents.items() if unit in self.below}
        self._children.clear()
