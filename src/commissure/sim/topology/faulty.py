"""What goes wrong, when and how often: slow, failing and dying endpoints, lost connections, full tiers. All seeded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import simpy

from commissure.hal.clock.dice import Dice
from commissure.hal.errors import EndpointError
from commissure.hal.fleets.fault import Fault
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server
from commissure.sim.topology.tiers import Tiered


class Faulty:
    """A server with faults. A call that fails ends with an EndpointError; what of it was computed is lost.

    A lost connection shows when the answer would have ended: the endpoint worked for nothing.
    """

    def __init__(
        self,
        env: simpy.Environment,
        name: str,
        server: Server,
        faults: Sequence[Fault],
        stream: Dice,
        tiers: Sequence[Tiered] = (),
    ) -> None:
        self._env = env
        self._name = name
        self._server = server
        self._tiers = tiers
        self._stream = stream
        self._on: list[Fault] = []
        self._told: dict[Job, Callable[[Job], Any]] = {}
        # Calls that nobody answers, with the end of their clients' patience.
        self._hanging: dict[Job, simpy.Event] = {}
        for fault in faults:
            if fault.at_s <= env.now:
                self._on.append(fault)  # nobody is here yet
            else:
                self._at(fault.at_s, self._begin, fault)
            if fault.for_s is not None:
                self._at(fault.at_s + fault.for_s, self._stop, fault)
        self._apply()

    @property
    def busy_s(self) -> float:
        """Seconds in which the server worked."""
        return self._server.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now."""
        job.arrived_s = self._env.now
        problem = self._refusal()
        if problem:
            job.error = EndpointError(self._name, problem, retryable=True)
            job.done(job)
            return
        hanging = next((fault for fault in self._on if fault.kind == "hang" and self._drawn(fault)), None)
        if hanging is not None:
            silent = self._hanging[job] = simpy.Timeout(self._env, hanging.after_s, job)
            silent.callbacks.append(self._gives_up)
            return
        self._told[job] = job.done
        job.done = self._ended
        self._server.submit(job)

    def cancel(self, job: Job) -> None:
        """Drop a job."""
        if self._hanging.pop(job, None) is not None:
            return
        self._server.cancel(job)
        job.done = self._told.pop(job)

    def slow(self, factor: float) -> None:
        """The server slows down."""
        self._server.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job."""
        lost = self._server.evacuate()
        for job in lost:
            job.done = self._told.pop(job)
        lost += self._hanging
        self._hanging.clear()
        return lost

    def _at(self, at_s: float, what: Callable[[simpy.Event], None], fault: Fault) -> None:
        simpy.Timeout(self._env, max(0.0, at_s - self._env.now), fault).callbacks.append(what)

    def _begin(self, event: simpy.Event) -> None:
        fault: Fault = event._value
        self._on.append(fault)
        self._apply()
        if fault.kind == "die":
            for job in self.evacuate():
                job.error = EndpointError(self._name, "the endpoint died during the call", retryable=True)
                job.done(job)

    def _stop(self, event: simpy.Event) -> None:
        self._on.remove(event._value)
        self._apply()

    def _apply(self) -> None:
        factor = 1.0
        for fault in self._on:
            factor *= fault.factor if fault.kind == "slow" else 1.0
        self._server.slow(factor)
        full = {fault.tier for fault in self._on if fault.kind == "full"}
        for tiered in self._tiers:
            for store in tiered.stores:
                store.full = store.name in full

    def _drawn(self, fault: Fault) -> bool:
        return self._stream.random() < fault.rate

    def _gives_up(self, event: simpy.Event) -> None:
        job: Job = event._value
        if self._hanging.get(job) is event:
            del self._hanging[job]
            job.error = EndpointError(self._name, "no answer came in time", retryable=True)
            job.done(job)

    def _refusal(self) -> str:
        """Why a call is refused at once, "" if it is not."""
        for fault in self._on:
            if fault.kind == "die":
                return "connection refused: the endpoint is down"
            if fault.kind == "fail" and self._drawn(fault):
                return "it answered 503"
        return ""

    def _ended(self, job: Job) -> None:
        job.done = self._told.pop(job)
        for fault in self._on:
            if fault.kind == "lose" and job.error is None and self._drawn(fault):
                job.error = EndpointError(self._name, "the connection was lost", retryable=True)
        job.done(job)
