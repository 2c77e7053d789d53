"""The driver of a replay: sends each call when it arrives and writes down when it was served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import simpy

from commissure.sim.engine.job import Job

Submit = Callable[[Job], Any]
Route = Callable[[int], Submit]


class Feed:
    """Open arrivals: one call is outstanding in SimPy's queue at a time, whatever the trace's length.

    `route` names who takes call number i. Results stand by call number: times in virtual seconds, -1 where the
    call did not get so far.
    """

    def __init__(
        self,
        env: simpy.Environment,
        arrivals: list[float],
        inputs: list[int],
        outputs: list[int],
        prefixes: list[Sequence[int]],
        route: Route,
    ) -> None:
        count = len(arrivals)
        self.started_s = [-1.0] * count
        self.first_s = [-1.0] * count
        self.finished_s = [-1.0] * count
        self.cached = [0] * count
        self.preemptions = [0] * count
        self.errors: dict[int, Exception] = {}
        self.ended = 0
        self.latest_s = 0.0
        self.on_end: Callable[[Job], Any] | None = None
        self._env = env
        self._arrivals = arrivals
        self._inputs = inputs
        self._outputs = outputs
        self._prefixes = prefixes
        self._route = route
        self._next = 0
        self._count = count
        self._begin = self._arrive
        self._done = self._end

    def start(self) -> None:
        """Schedule the first arrival."""
        if self._count:
            self._wait()

    def _wait(self) -> None:
        delay = self._arrivals[self._next] - self._env._now
        arrival = simpy.Timeout(self._env, delay if delay > 0.0 else 0.0)
        arrival.callbacks.append(self._begin)

    def _arrive(self, event: Any) -> None:
        number = self._next
        self._next = number + 1
        job = Job(self._inputs[number], self._outputs[number], self._prefixes[number], self._done, number)
        self._route(number)(job)
        if self._next < self._count:
            self._wait()

    def _end(self, job: Job) -> None:
        number = job.index
        self.ended += 1
        self.latest_s = self._env._now
        if job.error is not None:
            self.errors[number] = job.error
        else:
            self.started_s[number] = job.started_s
            self.first_s[number] = job.first_s
            self.finished_s[number] = job.finished_s
            self.cached[number] = job.cached
            self.preemptions[number] = job.preemptions
        if self.on_end is not None:
            self.on_end(job)
