"""How long an endpoint without KV slots is asked to keep each agent's prefix, by an evictor's order."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from commissure.hal.call import CacheHint, Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import EndpointError
from commissure.hal.eviction import Evictor, Moment, Resident, told_of
from commissure.hal.fleets.standing import Standing, prompt_cost
from commissure.hal.runtime import Runtime

# Agents that an evictor is asked about at each call.
MOST_AGENTS = 1024
# The first agent's number, and how far above or below all others one is set: there is room between, and the numbers of
# four million calls stay above 0 and within 32 bits.
FIRST, STEP = 2**30, 2**8


def takes_ranks(endpoint: Endpoint) -> bool:
    """Whether the endpoint has no slots to place agents in, but evicts by priorities that hints set."""
    able = endpoint.capabilities
    return able.kv_priorities and not able.kv_slots and "place" in able.hints


class Ranking:
    """Before each call its agent's rank is hinted: a number for `place`; larger leaves later.

    It is the evictor's order of all agents seen, told to a server on which only the agent that calls can be moved: the
    others' numbers are what their own last calls carried. So the caller gets the number by which the fewest of them
    contradict the evictor; its own once more where that does as well, and else the lowest.

    An agent's rank is thus as old as its last call, and a server that keeps the highest number of a prefix, as SGLang
    does, lowers it only by dropping it. Numbers 0 to n - 1 anew at each call would not do: on a loop every agent is the
    last wanted when it calls, so all would carry 0, and leave as under LRU.
    """

    def __init__(self, rt: Runtime, endpoint: Endpoint, evictor: Evictor, agents: int = MOST_AGENTS) -> None:
        self._endpoint = endpoint
        self._agents = agents
        self._evictor = evictor.for_cache(agents)
        self._residents: dict[str, Resident] = {}
        self._carried: dict[str, int] = {}
        self._running: Counter[str] = Counter()
        self._standing = Standing()

    @property
    def carried(self) -> dict[str, int]:
        """The numbers of the agents' last calls."""
        return dict(self._carried)

    @asynccontextmanager
    async def admitted(self, call: Call) -> AsyncIterator[None]:
        """Hint the agent's rank and let the call through. It needs no hint, so one that fails is passed over."""
        rank = self._rank(call)
        self._running[call.agent] += 1
        try:
            with suppress(EndpointError):
                await self._endpoint.hint(CacheHint("place", agent=call.agent, priority=rank))
            yield None
        finally:
            self._running[call.agent] -= 1
            if not self._running[call.agent]:
                del self._running[call.agent]

    def ended(self, workflow: str) -> None:
        """The workflow makes no more calls."""
        self._standing.ended(workflow)

    def _rank(self, call: Call) -> int:
        agent, now = call.agent, self._standing.moment(call.node or call.agent, call.workflow, call.agent)
        self._evictor.asked(now)
        if before := self._residents.get(agent):
            entry = self._residents[agent] = replace(before, last_used=now.step, uses=before.uses + 1)
            self._evictor.used(entry, now)
        else:
            self._make_room(now)
            entry = Resident(agent, 0, now.step, now.step, 1, agent, 1.0, prompt_cost(call, self._endpoint.profile))
            self._residents[agent] = entry
            self._evictor.entered(entry, now)
        rank = self._carried[agent] = self._fitting(entry, now)
        return rank

    def _fitting(self, entry: Resident, now: Moment) -> int:
        keys = self._keys(now)
        own = keys.pop(entry.agent)
        earlier = [self._carried[agent] for agent, key in keys.items() if key < own]
        later = [self._carried[agent] for agent, key in keys.items() if own < key]
        return fitting(earlier, later, self._carried.get(entry.agent))

    def _keys(self, now: Moment) -> dict[str, Any]:
        with told_of(self._evictor):
            keys = {agent: self._evictor.priority(one, now) for agent, one in self._residents.items()}
            sorted(keys.values())
        return keys

    def _make_room(self, now: Moment) -> None:
        """Forget whom the evictor would let leave first, of those with no call under way if there are any."""
        if len(self._residents) < self._agents:
            return
        keys = self._keys(now)
        first = min(keys, key=lambda agent: (agent in self._running, keys[agent]))
        del self._carried[first]
        self._evictor.left(self._residents.pop(first), now)


def fitting(earlier: list[int], later: list[int], before: int | None = None) -> int:
    """The number that contradicts fewest of those that should leave earlier, and of those that should leave later.

    Of equal numbers the one used last leaves later. `before` is taken where no other is better, else the lowest.
    """
    earlier, later = sorted(earlier), sorted(later)
    known = sorted({*earlier, *later})
    if not known:
        return FIRST if before is None else before

    def contradicted(number: int) -> int:
        return len(earlier) - bisect_right(earlier, number) + bisect_right(later, number)

    between = [(low + high) // 2 for low, high in pairwise(known)]
    best = min((max(0, known[0] - STEP), *between, known[-1] + STEP), key=contradicted)
    return best if before is None or contradicted(best) < contradicted(before) else before
