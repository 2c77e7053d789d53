"""Which agents' prefixes an endpoint's KV slots hold, kept by an evictor's decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from commissure.hal.call import CacheHint, Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.hal.profiles.estimate import expected_usage
from commissure.hal.profiles.steptime import coefficients, prefill_features, seconds
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
        self._slots = endpoint.capabilities.kv_slots
        self._evictor = evictor.for_cache(self._slots)
        self._places = rt.semaphore(self._slots)
        self._residents: dict[str, Resident] = {}
        self._running: Counter[str] = Counter()
        self._stands: dict[str, str] = {}
        self._step = 0

    @property
    def residents(self) -> tuple[Resident, ...]:
        """What the slots hold now."""
        return tuple(self._residents.values())

    @asynccontextmanager
    async def admitted(self, call: Call) -> AsyncIterator[Placement]:
        """Hold a slot for the call while the block runs."""
        async with self._places:
            placement = self._place(call)
            self._running[call.agent] += 1
            try:
                await self._endpoint.hint(CacheHint("place", agent=call.agent, slot=placement.slot))
                yield placement
            finally:
                self._running[call.agent] -= 1

    def ended(self, workflow: str) -> None:
        """The workflow makes no more calls."""
        self._stands.pop(workflow, None)

    def _place(self, call: Call) -> Placement:
        agent, now = call.agent, self._moment(call)
        self._evictor.asked(now)
        if before := self._residents.get(agent):
            entry = self._residents[agent] = replace(before, last_used=now.step, uses=before.uses + 1)
            self._evictor.used(entry, now)
            return Placement(entry.slot)
        placement = self._make_room(now)
        entry = Resident(agent, placement.slot, now.step, now.step, 1, agent, 1.0, self._cost(call))
        self._residents[agent] = entry
        self._evictor.entered(entry, now)
        return placement

    def _moment(self, call: Call) -> Moment:
        self._stands[call.workflow] = call.agent
        others = tuple(agent for workflow, agent in self._stands.items() if workflow != call.workflow)
        self._step += 1
        return Moment(self._step - 1, call.agent, call.workflow, others)

    def _cost(self, call: Call) -> float:
        """Seconds to compute the prompt; its tokens where the endpoint's step times are not known."""
        profile = self._endpoint.profile
        tokens = expected_usage(call, profile).prompt_tokens
        return seconds(coefficients(profile.step), prefill_features(tokens, 0)) if profile.step else float(tokens)

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
        self._evictor.left(victim, now)
        return Placement(victim.slot, victim.agent)
