"""KV blocks of one chip: those in use, and those kept for whoever comes with the same prefix."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from commissure.sim.engine.job import Job


class PrefixCache:
    """Blocks shared by the hash of the prefix they end, as in vLLM: unused ones stay until their room is needed.

    A unit is `unit_tokens` tokens, the block size of the hashes. The least recently used unit leaves first; within a
    prompt the deepest, so that a kept unit's prefix is kept too. `evicted` hears of each unit that leaves.
    """

    def __init__(
        self,
        capacity: float,
        block_tokens: int,
        unit_tokens: int,
        evicted: Callable[[int], None] | None = None,
    ) -> None:
        self.capacity = capacity
        self.unit_tokens = unit_tokens
        self.evicted = evicted
        self.used = 0
        self._unit_blocks = unit_tokens // block_tokens
        self._refs: dict[int, int] = {}
        self._idle: OrderedDict[int, None] = OrderedDict()

    @property
    def free(self) -> float:
        """Blocks that nobody uses now, kept ones included."""
        return self.capacity - self.used

    @property
    def kept(self) -> int:
        """Blocks that hold a prefix nobody uses now."""
        return len(self._idle) * self._unit_blocks

    def match(self, hashes: Sequence[int], most: int) -> int:
        """How many leading units, at most `most`, are here."""
        refs = self._refs
        for number in range(most):
            if hashes[number] not in refs:
                return number
        return most

    def idle(self, hashes: Sequence[int], count: int) -> int:
        """Blocks among the first `count` units that nobody uses now."""
        kept = self._idle
        return sum(1 for unit in hashes[:count] if unit in kept) * self._unit_blocks if kept else 0

    def hold(self, job: Job, matched: int, total: int) -> Sequence[int]:
        """For a job, take the first `matched` units, which are here, and add the others up to `total`.

        Returns the units held: a unit past the matched ones that another prompt has put here is not shared.
        """
        refs, idle = self._refs, self._idle
        taken = 0
        held = job.hashes[:total]
        for unit in held[:matched]:
            if refs[unit] == 0:
                del idle[unit]
                taken += 1
            refs[unit] += 1
        fresh = held[matched:]
        if any(unit in refs for unit in fresh) or len(set(fresh)) < len(fresh):
            fresh = [unit for unit in dict.fromkeys(fresh) if unit not in refs]
            held = [*held[:matched], *fresh]
        for unit in fresh:
            refs[unit] = 1
        self.take((taken + len(fresh)) * self._unit_blocks)
        return held

    def drop(self, held: Sequence[int]) -> None:
        """Let units go; they stay here, unused, the deepest to leave first."""
        refs, idle = self._refs, self._idle
        freed = 0
        for unit in reversed(held):
            left = refs[unit] = refs[unit] - 1
            if left == 0:
                idle[unit] = None
                freed += 1
        self.used -= freed * self._unit_blocks

    def keep(self, units: Sequence[int]) -> None:
        """Remember units that were computed and are not in use, the deepest to leave first."""
        for unit in reversed(units):
            if unit not in self._refs:
                self._refs[unit] = 0
                self._idle[unit] = None

    def fitting(self, units: Sequence[int], taken: float, agent: str = "") -> int:
        """How many leading units of an agent's prompt could be kept beside so many blocks in use.

        What leaves before them makes room for them.
        """
        room = self.capacity - taken - self.kept + self._yielding(units, agent) * self._unit_blocks
        for number, unit in enumerate(units):
            if unit not in self._refs:
                room -= self._unit_blocks
                if room < 0:
                    return number
        return len(units)

    def _yielding(self, units: Sequence[int], agent: str) -> int:
        """How many kept units would leave before these."""
        idle = self._idle
        return len(idle) - sum(1 for unit in units if unit in idle)

    def land(self, units: Sequence[int], agent: str = "") -> None:
        """Keep the units of an agent's prompt, from its first on, as just brought here; nobody has used them yet."""
        for unit in reversed(units):
            if unit not in self._refs:
                self._refs[unit] = 0
                self._idle[unit] = None
            elif unit in self._idle:
                self._idle.move_to_end(unit)

    def expel(self, units: Sequence[int]) -> int:
        """Let kept units of one prompt go now, the deepest first; returns how many of them stay, being in use."""
        stay = 0
        for unit in reversed(units):
            if self._leaves(unit):
                self._let_go(unit)
            elif unit in self._refs:
                stay += 1
        return stay

    def _leaves(self, unit: int) -> bool:
        """Whether the unit can leave: nobody uses it."""
        return unit in self._idle

    def _let_go(self, unit: int) -> None:
        self._part(unit)
        del self._refs[unit]
        if self.evicted is not None:
            self.evicted(unit)

    def _part(self, unit: int) -> None:
        del self._idle[unit]

    def forget(self, held: Sequence[int], matched: int) -> None:
        """Let units go of which those past the first `matched` were never computed."""
        self.drop(held)
        for unit in held[matched:]:
            if self._refs[unit] == 0:
                del self._refs[unit], self._idle[unit]

    def take(self, blocks: int) -> None:
        """Use so many more blocks. The caller has made sure that they are free."""
        self.used += blocks
        if self._idle:
            self.trim(self.used)

    def trim(self, used: float) -> None:
        """Let go of kept units until the rest fits beside so many blocks in use."""
        room = self.capacity - used
        while self._idle and len(self._idle) * self._unit_blocks > room:
            unit, _ = self._idle.popitem(last=False)
            del self._refs[unit]
            if self.evicted is not None:
                self.evicted(unit)

    def give(self, blocks: int) -> None:
        """Use so many blocks fewer."""
        self.used -= blocks

    def clear(self) -> None:
        """Lose everything, as a chip that fails does."""
        self.used = 0
        self._refs.clear()
        self._idle.clear()
