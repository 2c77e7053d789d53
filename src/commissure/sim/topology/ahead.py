"""What a cache can be asked for: prompts fetched or computed ahead of their use, and kept prefixes sent down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import simpy

from commissure.hal.call import HintOutcome
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.server import Server
from commissure.sim.runtime import SimRuntime
from commissure.sim.topology.tiers import Tiered


@dataclass(frozen=True, slots=True)
class Kept:
    """An engine, the tiers below it, if it has any, and whether it keeps prefixes at all."""

    engine: Engine
    tiered: Tiered | None = None
    caches: bool = True

    def fitting(self, units: Sequence[int], agent: str) -> int:
        """How many leading units of an agent's prompt have room, were idle ones of lower priority to leave."""
        cache, batch = self.engine.memory.cache, self.engine.batch
        return cache.fitting(units, cache.used + batch.growth.blocks(batch.step), agent)

    def here(self, units: Sequence[int]) -> int:
        """How many leading units stand on the chip, those of running calls included."""
        return self.engine.memory.cache.match(units, len(units))

    def fetch(self, units: Sequence[int], agent: str) -> simpy.Event | None:
        """As `Tiered.fetch`; None where there are no tiers."""
        return None if self.tiered is None else self.tiered.fetch(units, agent)

    def expel(self, units: Sequence[int]) -> int:
        """Send kept units down, or drop them where there is no tier; returns how many stay, being in use."""
        return self.engine.memory.cache.expel(units)


class Ahead:
    """Prefetches for one endpoint.

    Where the endpoint is one chip of its own (`kept`), a prompt's units that stand in a tier are loaded over its
    channel, at most as many as room is found for without displacing what has a higher priority; what stands nowhere is
    computed, in whole units, without an answer. Elsewhere the prompt is computed wherever a call would go: which of
    several caches serves the later call is not known ahead.
    """

    def __init__(self, rt: SimRuntime, server: Server, kept: Kept | None, unit_tokens: int) -> None:
        self._rt = rt
        self._server = server
        self._kept = kept
        self._unit = unit_tokens

    async def prefetch(self, units: Sequence[int], agent: str) -> HintOutcome:
        """Have the units of an agent's prompt there, and return when they are. Raises EndpointError.

        `clipped`: not all of them could be kept.
        """
        kept = self._kept
        if kept is None:
            await self._compute(units, agent)
            return "accepted"
        part = units[: kept.fitting(units, agent)]
        event = kept.fetch(part, agent)
        if event is not None:
            _, whole, _, _ = event._value
            await self._rt.wait_for(event)
            if kept.here(whole) < len(whole):
                return "clipped"
        if kept.here(part) < len(part):
            await self._compute(part, agent)
        else:
            kept.engine.memory.cache.land(part, agent)  # wanted again: it leaves later
        return "accepted" if kept.here(units) == len(units) else "clipped"

    def expel(self, units: Sequence[int]) -> HintOutcome:
        """Send the units down. `clipped`: some stay, in use. `unsupported`: it is not known in which cache."""
        if self._kept is None:
            return "unsupported"
        return "clipped" if self._kept.expel(units) else "accepted"

    async def _compute(self, units: Sequence[int], agent: str) -> None:
        """Compute whole units as a call of one token would; left early, it is cancelled."""
        if not units:
            return
        ended = self._rt.event()
        job = Job(len(units) * self._unit, 1, units, lambda job: ended.set())
        job.ahead, job.tag = True, agent
        job.sent_s = self._rt.env.now
        self._server.submit(job)
        try:
            await ended.wait()
        except BaseException:
            if job.finished_s == NEVER and job.error is None:
                self._server.cancel(job)
            raise
        if job.error is not None:
            raise job.error
