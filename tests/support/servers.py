"""Servers for tests of what stands on them: an engine whose every step takes a second, and a stub without an engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import simpy

from commissure.hal.errors import EndpointError
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.decoding import Decoding
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.engine.server import Server
from tests.support.engines import ZERO

UNIT = 4


def bare(server: Any) -> Any:
    """The server below what adds the time of grammars to it."""
    return server._server if isinstance(server, Decoding) else server


def engine(env: simpy.Environment, capacity: float = math.inf, **settings: Any) -> Engine:
    """Every step takes one second, and computes up to 64 tokens; a block and a unit are 4 tokens."""
    parts: dict[str, Any] = {"max_num_seqs": 8, "max_batched_tokens": 64, "block_tokens": UNIT}
    chosen = EngineSettings(**parts | settings)
    cost = StepCost(ZERO | {"fixed_s": 1.0}, chosen)
    return Engine(env, cost, chosen, PrefixCache(capacity, UNIT, UNIT))


class Stub:
    """Each job takes as many seconds as its output has tokens, beside any number of others.

    A prompt longer than `room` is refused. It is an error to cancel what is not under way.
    """

    def __init__(self, env: simpy.Environment, room: float = math.inf) -> None:
        self.env = env
        self.factor = 1.0
        self.busy_s = 0.0
        self.seen: list[Job] = []
        self.under_way: dict[Job, simpy.Event] = {}
        self._room = room

    def submit(self, job: Job) -> None:
        job.arrived_s = self.env.now
        self.seen.append(job)
        if job.prompt > self._room:
            job.error = EndpointError("stub", "no room")
            job.done(job)
            return
        job.started_s = self.env.now
        self.under_way[job] = simpy.Timeout(self.env, job.output * self.factor, job)
        self.under_way[job].callbacks.append(self._end)

    def cancel(self, job: Job) -> None:
        del self.under_way[job]

    def slow(self, factor: float) -> None:
        self.factor = factor

    def evacuate(self) -> list[Job]:
        lost = [*self.under_way]
        self.under_way.clear()
        return lost

    def _end(self, event: Any) -> None:
        job: Job = event.value
        if self.under_way.get(job) is event:
            del self.under_way[job]
            self.busy_s += self.env.now - job.started_s
            job.first_s = job.finished_s = self.env.now
            job.done(job)


class Desk:
    """Sends jobs to a server at given times, and notes how each fares."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.ended: list[Job] = []
        self.dropped: list[Job] = []
        self.lost: list[Job] = []

    def at(self, time_s: float, action: Callable[[], Any]) -> None:
        simpy.Timeout(self.env, time_s - self.env.now).callbacks.append(lambda _: action())

    def send(self, time_s: float, server: Server, job: Job) -> Job:
        job.done = self.note
        self.at(time_s, lambda: server.submit(job))
        return job

    def drop(self, time_s: float, server: Server, job: Job) -> None:
        """Cancel a job, if it is still open then."""

        def cancel() -> None:
            if not self.over(job):
                self.dropped.append(job)
                server.cancel(job)

        self.at(time_s, cancel)

    def lose(self, time_s: float, server: Server) -> None:
        self.at(time_s, lambda: self.lost.extend(server.evacuate()))

    def note(self, job: Job) -> None:
        assert job.done == self.note
        self.ended.append(job)

    def over(self, job: Job) -> bool:
        return any(job is one for one in (*self.ended, *self.dropped, *self.lost))

    def run(self) -> list[float]:
        """To the end; returns when each job that ended did so."""
        self.env.run()
        return [job.finished_s for job in self.ended]
