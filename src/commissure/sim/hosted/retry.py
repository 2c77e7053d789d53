"""A client that tries again when a server refuses: what a call's caller sees includes the waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import simpy

from commissure.hal.clock.dice import dice
from commissure.hal.errors import EndpointError, RateLimited, UsageError
from commissure.sim.engine.job import NEVER, WAITING, Job
from commissure.sim.engine.server import Server

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0


class Retrying:
    """Any server, with up to `attempts` tries a call in all; after the last its error stands.

    Before a try it waits as long as the refusal asks, and at least a random part of 0.5 s x 2^n, at most 30 s (full
    jitter: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015). A job keeps its first arrival.
    `name` makes the randomness its own: that of an endpoint.
    """

    def __init__(self, server: Server, env: simpy.Environment, seed: int, attempts: int = 5, name: str = "") -> None:
        if attempts < 1:
            raise UsageError(f"attempts must be at least 1, not {attempts}")
        self.retries = 0
        self._server = server
        self._env = env
        self._attempts = attempts
        self._tries: dict[Job, _Tries] = {}
        self._dice = dice(f"{seed}/{name}/retry")

    @property
    def busy_s(self) -> float:
        """Seconds in which the server worked."""
        return self._server.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now; its `done` is called once, when it has ended or failed for good."""
        tries = self._tries[job] = _Tries(job, job.done, self._env.now)
        job.done = self._ended
        self._send(tries)

    def cancel(self, job: Job) -> None:
        """Drop a job that has not ended; its `done` is not called."""
        if not self._tries[job].resting:
            self._server.cancel(job)
        self._forget(job)

    def slow(self, factor: float) -> None:
        """The server slows down."""
        self._server.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job, those that wait for another try last; their `done` is not called."""
        self._server.evacuate()
        lost = sorted(self._tries, key=lambda job: self._tries[job].resting)
        for job in lost:
            self._forget(job)
        return lost

    def _send(self, tries: _Tries) -> None:
        tries.count += 1
        tries.resting = False
        self._server.submit(tries.job)
        if self._tries.get(tries.job) is tries:
            tries.job.arrived_s = tries.arrived_s  # the server took this try for the arrival

    def _ended(self, job: Job) -> None:
        tries = self._tries[job]
        job.arrived_s = tries.arrived_s
        if self._may_help(tries):
            self._rest(tries)
        else:
            self._forget(job)
            job.done(job)

    def _may_help(self, tries: _Tries) -> bool:
        error = tries.job.error
        return isinstance(error, EndpointError) and error.retryable and tries.count < self._attempts

    def _rest(self, tries: _Tries) -> None:
        self.retries += 1
        tries.resting = True
        error = tries.job.error
        told_s = (error.retry_after_s or 0.0) if isinstance(error, RateLimited) else 0.0
        jitter_s = self._dice.uniform(0.0, min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (tries.count - 1)))
        simpy.Timeout(self._env, max(told_s, jitter_s), tries).callbacks.append(self._again)

    def _again(self, event: Any) -> None:
        tries: _Tries = event.value
        if self._tries.get(tries.job) is tries:
            _reset(tries.job)
            self._send(tries)

    def _forget(self, job: Job) -> None:
        job.done = self._tries.pop(job).done


@dataclass(slots=True, eq=False)
class _Tries:
    """A job while it is tried: whom to tell, when it came, how often it was sent, whether it waits to be again."""

    job: Job
    done: Callable[[Job], Any]
    arrived_s: float
    count: int = 0
    resting: bool = False


def _reset(job: Job) -> None:
    """As before the first try: nothing of a failed one is left."""
    job.error = None
    job.todo, job.left = job.prompt, job.output - 1
    job.first_step = job.step_at = 0
    job.order = WAITING
    job.cached = job.cached_units = 0
    job.started_s = job.first_s = job.finished_s = NEVER
