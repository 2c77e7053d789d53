"""Several models on one chip, of which one is loaded at a time: switching takes the time to load the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import simpy

from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server


class SharedChip:
    """First come, first served between models; calls to the loaded model run together.

    While a call to another model waits, no further call is started: the chip drains, loads the model of the call that
    waits longest, and starts all calls that wait for it.
    """

    def __init__(self, env: simpy.Environment) -> None:
        self.switches = 0
        self.switching_s = 0.0
        self._env = env
        self._load_s: dict[Tenant, float] = {}
        self._waiting: deque[tuple[Tenant, Job]] = deque()
        self._loaded: Tenant | None = None
        self._loading = False
        self._running = 0

    def tenant(self, server: Server, load_s: float) -> Tenant:
        """A model of this chip, served by `server` while it is loaded, which takes `load_s`."""
        tenant = Tenant(self, server)
        self._load_s[tenant] = load_s
        return tenant

    def enter(self, tenant: Tenant, job: Job) -> None:
        """A call wants to run."""
        self._waiting.append((tenant, job))
        self._serve()

    def leave(self) -> None:
        """A call that ran has ended."""
        self._running -= 1
        self._serve()

    def drop(self, lost: Callable[[Tenant, Job], bool], ran: int) -> list[Job]:
        """Forget the waiting calls that `lost` names, and so many that ran; returns those that waited."""
        gone = [job for tenant, job in self._waiting if lost(tenant, job)]
        self._waiting = deque((tenant, job) for tenant, job in self._waiting if not lost(tenant, job))
        self._running -= ran
        self._serve()
        return gone

    def _serve(self) -> None:
        while self._waiting and not self._loading:
            tenant = self._waiting[0][0]
            if tenant is self._loaded:
                _, job = self._waiting.popleft()
                self._running += 1
                tenant.start(job)
            elif self._running:
                return
            else:
                self._load(tenant)

    def _load(self, tenant: Tenant) -> None:
        load_s = self._load_s[tenant]
        self._loading = True
        self.switches += 1
        self.switching_s += load_s
        simpy.Timeout(self._env, load_s, tenant).callbacks.append(self._is_loaded)

    def _is_loaded(self, event: simpy.Event) -> None:
        self._loading = False
        self._loaded = event._value
        # Everyone who waits for this model starts with it, whoever came between them.
        mine = [job for tenant, job in self._waiting if tenant is self._loaded]
        self._waiting = deque(pair for pair in self._waiting if pair[0] is not self._loaded)
        self._running += len(mine)
        for job in mine:
            event._value.start(job)
        self._serve()


class Tenant:
    """One model of a shared chip: a server like any other."""

    def __init__(self, chip: SharedChip, server: Server) -> None:
        self._chip = chip
        self._server = server
        self._told: dict[Job, Callable[[Job], Any]] = {}

    @property
    def busy_s(self) -> float:
        """Seconds in which this model ran."""
        return self._server.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now."""
        job.arrived_s = self._chip._env.now
        self._chip.enter(self, job)

    def start(self, job: Job) -> None:
        """The chip lets a job run."""
        self._told[job] = job.done
        job.done = self._ended
        self._server.submit(job)

    def cancel(self, job: Job) -> None:
        """Drop a job."""
        if job in self._told:
            self._server.cancel(job)
            job.done = self._told.pop(job)
            self._chip.drop(lambda tenant, one: False, ran=1)
        else:
            self._chip.drop(lambda tenant, one: one is job, ran=0)

    def slow(self, factor: float) -> None:
        """This model slows down."""
        self._server.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job of this model."""
        ran = self._server.evacuate()
        for job in ran:
            job.done = self._told.pop(job)
        return ran + self._chip.drop(lambda tenant, one: tenant is self, ran=len(ran))

    def _ended(self, job: Job) -> None:
        job.done = self._told.pop(job)
        job.done(job)
        self._chip.leave()
