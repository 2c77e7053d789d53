"""Which agents' prefixes an endpoint's KV slots hold, kept by an evictor's decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from commissure.hal.call import CacheHint, Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError
from commissure.hal.policy import Evictor, Moment, Resident
from commissure.hal.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a call goes, and which agent's prefix it displaces there."""

    slot: int
    evicted: str = ""


class Residency:
    """Forced residency: the agent that calls always gets a slot, and the evictor names who leaves.

    A prefix in use is never displaced; at most `kv_slots` calls are under way at once, so one slot is
    always free or idle.
    """

    def __init__(self, rt: Runtime, endpoint: Endpoint, evictor: Evictor) -> None:
        self._endpoint = endpoint
        self._evictor = evictor
        self._slots = endpoint.capabilities.kv_slots
        self._places = rt.semaphore(self._slots)
        self._residents: dict[str, Resident] = {}
        self._running: Counter[str] = Counter()
        self._step = 0

    @property
    def residents(self) -> tuple[Resident, ...]:
        """What the slots hold now."""
        return tuple(self._residents.values())

    @asynccontextmanager
    async def admitted(self, call: Call) -> AsyncIterator[Placement]:
        """Hold a slot for the call while the block runs."""
        async with self._places:
            placement = self._place(call.agent)
            self._running[call.agent] += 1
            try:
                await self._endpoint.hint(CacheHint("place", agent=call.agent, slot=placement.slot))
                yield placement
            finally:
                self._running[call.agent] -= 1

    def _place(self, agent: str) -> Placement:
        now = Moment(self._step, agent)
        self._step += 1
        if entry := self._residents.get(agent):
            self._residents[agent] = replace(entry, last_used=now.step, uses=entry.uses + 1)
            return Placement(entry.slot)
        placement = self._make_room(now)
        self._residents[agent] = Resident(agent, placement.slot, now.step, now.step, 1)
        return placement

    def _make_room(self, now: Moment) -> Placement:
        taken = {entry.slot for entry in self._residents.values()}
        free = [slot for slot in range(self._slots) if slot not in taken]
        if free:
            return Placement(free[0])
        idle = [entry for entry in self._residents.values() if not self._running[entry.agent]]
        try:
            victim = min(idle, key=lambda entry: self._evictor.priority(entry, now))
        except TypeError as error:
            evictor = type(self._evictor).__name__
            raise UsageError(f"{evictor}.priority() must give keys that sort among each other: {error}") from error
        del self._residents[victim.agent]
        return Placement(victim.slot, victim.agent)
