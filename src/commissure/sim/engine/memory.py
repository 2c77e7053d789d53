"""Who gets KV blocks: places jobs into the cache, and knows how long the batch can grow in it."""

from __future__ import annotations

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.growth import BlockGrowth
from commissure.sim.engine.job import Job
from commissure.sim.engine.prefix import PrefixCache


class Memory:
    """The cache with the batch that grows in it; the cache itself does not see it grow.

    While everything running fits at its full length, memory limits nothing and needs no closer look.
    """

    def __init__(self, cache: PrefixCache, growth: BlockGrowth, settings: EngineSettings) -> None:
        self.cache = cache
        self._growth = growth
        self._block: int = settings.block_tokens
        self._unit_blocks: int = cache.unit_tokens // settings.block_tokens
        self._reserves: bool = settings.admission == "reserve"
        self._keeps: bool = settings.prefix_caching
        # Names for the blocks of jobs that were preempted, unlike any hash of a prompt.
        self._names = 0
        # Blocks that the jobs placed here will take beyond those that they hold.
        self._pending = 0

    @property
    def roomy(self) -> bool:
        """Whether everything running fits at its full length."""
        return self.cache.used + self._pending <= self.cache.capacity

    def blocks(self, job: Job) -> int:
        """KV blocks of a job at its full length."""
        return -(-int(job.todo + job.left * job.rate) // self._block)

    def place(self, job: Job, step: int) -> int:
        """Give a job its blocks for a step to come; returns how many tokens of it were here, -1 if it does not fit."""
        cache, hashes = self.cache, job.hashes
        shared = total = kept = 0
        if cache.kept:
            self.trim(step + 1)
        if hashes and self._keeps:
            unit = cache.unit_tokens
            total = min(len(hashes), job.todo // unit)
            shared = cache.match(hashes, min(total, (job.todo - 1) // unit))
            kept = cache.idle(hashes, shared)
        job.grows = job.rate == 1.0 and not self._reserves
        full = self.blocks(job)
        blocks = -(-job.todo // self._block) if job.grows else full
        new = blocks - shared * self._unit_blocks + kept
        pending = full - blocks
        surely = cache.used + self._pending + new + pending <= cache.capacity
        if not surely and new + self._growth.blocks(step + 1) > cache.free:
            return -1
        if total:
            job.held = cache.hold(job, shared, total)
        job.held_blocks = blocks - len(job.held) * self._unit_blocks
        job.pending = pending
        cache.used += job.held_blocks
        self._pending += pending
        return shared * cache.unit_tokens

    def release(self, job: Job) -> None:
        """Take back what `place` gave."""
        cache = self.cache
        cache.used -= job.held_blocks
        self._pending -= job.pending
        if job.held:
            cache.drop(job.held)
            job.held = ()

    def keep(self, job: Job, tokens: int) -> None:
        """Remember what a preempted job had computed: what is left of it when it comes back is not computed again."""
        if not self._keeps:
            return
        units = tokens // self.cache.unit_tokens
        more = units - len(job.hashes)
        if more > 0:
            job.hashes = [*job.hashes, *range(self._names - 1, self._names - 1 - more, -1)]
            self._names -= more
        self.cache.keep(job.hashes[:units])

    def overflows(self, step: int) -> bool:
        """Whether the batch cannot take that step. If so, everything that is only kept has gone."""
        cache = self.cache
        if self.roomy or self._growth.blocks(step + 1) <= cache.free:
            return False
        cache.trim(cache.capacity)
        return True

    def steps(self, step: int, most: int) -> int:
        """How many steps, from one that fits on, at most `most`, the batch can take."""
        if self.roomy:
            return most
        free = self.cache.free - self._growth.blocks(step + 1)
        return 1 + self._growth.steps(step + 1, free, most - 1)

    def trim(self, step: int) -> None:
        """Let kept prefixes go as far as the batch has grown before a step."""
        self.cache.trim(self.cache.used + self._growth.blocks(step))

    def clear(self) -> None:
        """Lose everything."""
        self._pending = 0
        self.cache.clear()
