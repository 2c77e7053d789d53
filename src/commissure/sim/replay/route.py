"""The routing desk of a replay: asks the fleet's router where each call goes, and keeps count of who runs what."""

from __future__ import annotations

from collections.abc import Mapping

from commissure.hal.call import Call
from commissure.hal.capabilities import Capabilities
from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.policy import Candidate, FleetStatus
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Serves
from commissure.sim.replay.feed import Submit


class Desk:
    """Routes by the same `Router.choose` as every other run. With one endpoint there is nothing to choose."""

    def __init__(
        self,
        fleet: Fleet,
        servers: Mapping[str, Serves],
        limits: Mapping[str, float],
        inputs: list[int],
        outputs: list[int],
    ) -> None:
        self.watches = len(servers) > 1
        self.chosen = [0] * len(inputs)
        self._router = fleet.router
        self._limits = limits
        self._inputs, self._outputs = inputs, outputs
        self._submits: list[Submit] = [server.submit for server in servers.values()]
        self._numbers = {name: number for number, name in enumerate(servers)}
        self._running = [0] * len(servers)
        # One record for each endpoint and number of calls under way, made when first needed.
        self._views: list[list[Candidate]] = [[] for _ in servers]
        self._idle = [
            Candidate(spec.name, fleet.profiles[spec.name], _capabilities(limits[spec.name]), 0) for spec in fleet.specs
        ]
        self._now = [self._view(number) for number in range(len(servers))]

    def route(self, number: int) -> Submit:
        """Who takes a call."""
        if not self.watches:
            return self._submits[0]
        call = Call("", prompt_tokens=self._inputs[number], max_tokens=self._outputs[number])
        choice = self._router.choose(call, FleetStatus(tuple(self._now), number))
        place = self._place(choice, self._inputs[number] + self._outputs[number])
        self.chosen[number] = place
        self._running[place] += 1
        self._now[place] = self._view(place)
        return self._submits[place]

    def ended(self, job: Job) -> None:
        """A call has left its endpoint."""
        if not self.watches:
            return
        place = self.chosen[job.index]
        self._running[place] -= 1
        self._now[place] = self._view(place)

    def _place(self, choice: object, tokens: int) -> int:
        router = type(self._router).__name__
        if not isinstance(choice, Candidate):
            raise UsageError(f"{router}.choose() returned {choice!r:.60}; it must return one of fleet.able(call)")
        if choice.name not in self._numbers:
            raise unknown(f"endpoint chosen by router {router}:", choice.name, self._numbers)
        if tokens > self._limits[choice.name]:
            raise UsageError(
                f"{router}.choose() sent a call of {tokens} tokens to {choice.name!r}, which holds "
                f"{self._limits[choice.name]:.0f}; it must return one of fleet.able(call)"
            )
        return self._numbers[choice.name]

    def _view(self, place: int) -> Candidate:
        views, running = self._views[place], self._running[place]
        idle = self._idle[place]
        while len(views) <= running:
            views.append(Candidate(idle.name, idle.profile, idle.capabilities, len(views)))
        return views[running]


def _capabilities(limit: float) -> Capabilities:
    return Capabilities(context_tokens=int(limit) if limit < float("inf") else None)
