"""A client that tries again when a server refuses: what a call's caller sees includes the waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy

from commissure.hal.dice import dice
from commissure.hal.errors import EndpointError, RateLimited, UsageError
from commissure.sim.engine.job import NEVER, WAITING, Job
from commissure.sim.engine.server import Serves

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0


class Retrying:
    """Any server, with up to `attempts` tries a call in all; after the last its error stands.

    Before a try it waits as long as the refusal asks, and at least a random part of 0.5 s x 2^n, at most 30 s (full
    jitter: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015). A job keeps its first arrival.
    `name` makes the randomness its own: that of an endpoint.
    """

    def __init__(self, server: Serves, env: simpy.Environment, seed: int, attempts: int = 5, name: str = "") -> None:
        if attempts < 1:
            raise UsageError(f"attempts must be at least 1, not {attempts}")
        self.retries = 0
        self._server = server
        self._env = env
        self._attempts = attempts
        self._dice = dice(f"{seed}/{name}/retry")

    @property
    def busy_s(self) -> float:
        """Seconds in which the server worked."""
        return self._server.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now; its `done` is called once, when it has ended or failed for good."""
        self.send(_Tries(self, job, self._env.now))

    def send(self, tries: _Tries) -> None:
        """One try."""
        tries.count += 1
        self._server.submit(tries.job)
        tries.restore_arrival()

    def again(self, tries: _Tries) -> bool:
        """Whether a failed job is to be sent again; if so, that is under way."""
        error = tries.job.error
        if not isinstance(error, EndpointError) or not error.retryable or tries.count >= self._attempts:
            return False
        self.retries += 1
        jitter_s = self._dice.uniform(0.0, min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (tries.count - 1)))
        asked_s = error.retry_after_s if isinstance(error, RateLimited) else 0.0
        simpy.Timeout(self._env, max(asked_s, jitter_s), tries).callbacks.append(self._resend)
        return True

    def _resend(self, event: Any) -> None:
        tries: _Tries = event.value
        tries.reset()
        self.send(tries)


class _Tries:
    """A job while it is tried: stands in for its `done`."""

    def __init__(self, client: Retrying, job: Job, arrived_s: float) -> None:
        self.job = job
        self.count = 0
        self._client = client
        self._done: Callable[[Job], Any] = job.done
        self._arrived_s = arrived_s
        self._over = False
        job.done = self._ended

    def restore_arrival(self) -> None:
        """Undo that a server took a later try for the arrival; a job that is over may serve someone else."""
        if not self._over:
            self.job.arrived_s = self._arrived_s

    def reset(self) -> None:
        """As before the first try: nothing of a failed one is left."""
        job = self.job
        job.error = None
        job.todo, job.left = job.prompt, job.output - 1
        job.first_step = job.step_at = 0
        job.order = WAITING
        job.cached = job.cached_units = 0
        job.started_s = job.first_s = job.finished_s = NEVER

    def _ended(self, job: Job) -> None:
        self.restore_arrival()
        if job.error is not None and self._client.again(self):
            return
        self._over = True
        job.done = self._done
        job.done(job)
