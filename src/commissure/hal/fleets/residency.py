"""Puts an evictor's and a prefetcher's decisions into effect on an endpoint whose KV slots can be addressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from commissure.hal.call import CacheHint, Call
from commissure.hal.clock.background import Start
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import EndpointError
from commissure.hal.eviction import Evictor, Moment, Prefetcher, Resident
from commissure.hal.fleets.slot_table import MOST_ABSENT, Placement, SlotTable
from commissure.hal.fleets.standing import Standing, prompt_cost
from commissure.hal.runtime import Runtime


class Residency:
    """At most `kv_slots` calls are under way at once, so one slot is always free or idle.

    With a prefetcher, what it wants after a call is brought into idle slots in the background: from the endpoint's disk
    if it lies there, else by computing the agent's last prompt again. One prefix at a time, and never for a slot whose
    own prefix is wanted more.
    """

    def __init__(
        self,
        rt: Runtime,
        endpoint: Endpoint,
        evictor: Evictor,
        prefetcher: Prefetcher | None = None,
        disk_slots: int = 0,
        start: Start | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._slots = endpoint.capabilities.kv_slots
        self._table = SlotTable(evictor, self._slots, disk_slots)
        self._places = rt.semaphore(self._slots)
        self._prefetcher = None if prefetcher is None or start is None else prefetcher.for_cache(self._slots)
        self._start = start
        self._calls: dict[str, Call] = {}
        self._standing = Standing()
        self._under_way = 0
        self._fetching = False

    @property
    def residents(self) -> tuple[Resident, ...]:
        """What the slots hold now."""
        return tuple(self._table.residents.values())

    @asynccontextmanager
    async def admitted(self, call: Call) -> AsyncIterator[Placement]:
        """Hold a slot for the call while the block runs."""
        async with self._places:
            now = self._standing.moment(call.node or call.agent, call.workflow, call.agent)
            if self._prefetcher is not None:
                self._prefetcher.asked(now)
            placement = self._table.use(call.agent, prompt_cost(call, self._endpoint.profile), now)
            async with self._running(call.agent):
                await self._move(call.agent, placement)
                yield placement
        if self._prefetcher is not None:
            self._remember(call)
            self._look_ahead(self._prefetcher, now)

    def ended(self, workflow: str) -> None:
        """The workflow makes no more calls."""
        self._standing.ended(workflow)

    @asynccontextmanager
    async def _running(self, agent: str) -> AsyncIterator[None]:
        self._table.running[agent] += 1
        self._under_way += 1
        try:
            yield
        finally:
            self._table.running[agent] -= 1
            self._under_way -= 1

    async def _move(self, agent: str, placement: Placement) -> None:
        """Bring the slot into the state that the placement says. A disk that fails only costs the computing."""
        slot = placement.slot
        if placement.saves and not await self._tried(CacheHint("save", agent=placement.evicted, slot=slot)):
            self._table.lost(placement.evicted)
        if placement.restores:
            if await self._tried(CacheHint("restore", agent=agent, slot=slot)):
                return
            self._table.lost(agent)
        await self._endpoint.hint(CacheHint("place", agent=agent, slot=slot))

    async def _tried(self, hint: CacheHint) -> bool:
        try:
            return await self._endpoint.hint(hint) != "unsupported"
        except EndpointError:
            return False

    def _remember(self, call: Call) -> None:
        """The agent's last call, whose prompt may be computed ahead."""
        self._calls.pop(call.agent, None)
        self._calls[call.agent] = call
        if len(self._calls) > MOST_ABSENT:
            del self._calls[next(iter(self._calls))]

    def _look_ahead(self, prefetcher: Prefetcher, now: Moment) -> None:
        if self._fetching or self._under_way >= self._slots or self._start is None:
            return
        for entry in prefetcher.wanted(tuple(self._table.absent.values()), now):
            placement = self._table.fetch(entry.agent, now)
            if placement is not None:
                self._fetching = True
                self._start(self._fetch, entry.agent, placement)
                return

    async def _fetch(self, agent: str, placement: Placement) -> None:
        try:
            async with self._places:
                if not self._table.awaits(agent, placement):
                    return  # its call has come, or another took the slot
                async with self._running(agent):
                    await self._move(agent, placement)
                    if not placement.restores and agent in self._calls:
                        call = self._calls[agent]
                        await self._tried(CacheHint("prefetch", agent=agent, slot=placement.slot, call=call))
        finally:
            self._fetching = False
