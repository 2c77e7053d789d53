"""A prefix cache whose victims an evictor names, in place of the least recently used."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.sim.engine.job import Job
from commissure.sim.engine.prefix import PrefixCache


class ScoredCache(PrefixCache):
    """Of the units that nobody uses and nothing kept builds on, the one with the smallest priority leaves.

    A unit is a `Resident`: `agent` is who asked for it first (the job's tag), `slot` its depth in the prefix tree;
    `inserted` and `last_used` count admissions. O(kept units) an eviction, where the default is O(1).
    """

    def __init__(self, capacity: float, block_tokens: int, unit_tokens: int, evictor: Evictor) -> None:
        super().__init__(capacity, block_tokens, unit_tokens)
        self._evictor = evictor.for_cache(capacity * block_tokens / unit_tokens)
        self._entries: dict[int, Resident] = {}
        self._parents: dict[int, int] = {}
        self._children: dict[int, int] = {}
        self._step = 0
        self._agent = ""
        self._now = Moment(0, "")

    def hold(self, job: Job, matched: int, total: int) -> Sequence[int]:
        """As `PrefixCache.hold`, remembering who used what and when."""
        self._step += 1
        self._agent = str(job.tag or "")
        self._now = Moment(self._step, self._agent)
        self._evictor.asked(self._now)
        held = super().hold(job, matched, total)
        for depth, unit in enumerate(job.hashes[:total]):
            self._used(unit, depth, job.hashes[depth - 1] if depth else None)
        return held

    def keep(self, units: Sequence[int]) -> None:
        """As `PrefixCache.keep`."""
        super().keep(units)
        for depth, unit in enumerate(units):
            self._used(unit, depth, units[depth - 1] if depth else None)

    def _used(self, unit: int, depth: int, parent: int | None) -> None:
        before = self._entries.get(unit)
        if before is not None:
            sharers = before.sharers
            if self._agent != before.agent and self._agent not in sharers:
                sharers = (*sharers, self._agent)
            entry = Resident(
                before.agent, depth, before.inserted, self._step, before.uses + 1, unit, 1.0, 1.0, sharers
            )  # fmt: skip
            self._entries[unit] = entry
            self._evictor.used(entry, self._now)
            return
        entry = self._entries[unit] = Resident(self._agent, depth, self._step, self._step, 1, unit)
        self._evictor.entered(entry, self._now)
        if parent is not None and parent in self._entries:
            self._parents[unit] = parent
            self._children[parent] = self._children.get(parent, 0) + 1

    def _victim(self) -> int:
        leaves = [unit for unit in self._idle if not self._children.get(unit)]
        victim = min(leaves, key=lambda unit: self._evictor.priority(self._entries[unit], self._now))
        del self._idle[victim]
        self._gone(victim)
        return victim

    def _gone(self, unit: int) -> None:
        self._evictor.left(self._entries.pop(unit), self._now)
        parent = self._parents.pop(unit, None)
        if parent is not None:
            self._children[parent] -= 1

    def forget(self, held: Sequence[int], matched: int) -> None:
        """As `PrefixCache.forget`."""
        super().forget(held, matched)
        for unit in reversed(held[matched:]):
            if unit in self._entries and unit not in self._refs:
                self._gone(unit)

    def clear(self) -> None:
        """Lose everything."""
        super().clear()
        self._entries.clear()
        self._parents.clear()
        self._children.clear()
