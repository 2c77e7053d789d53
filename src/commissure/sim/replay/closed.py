"""Closed-loop clients: each sends its next call a think time after its last one has ended."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import simpy

from commissure.hal.errors import unknown
from commissure.sim.engine.job import Job
from commissure.sim.replay.columns import Columns
from commissure.sim.replay.feed import Submit
from commissure.sim.workload.arrivals import MOST_CALLS
from commissure.sim.workload.checks import check_number, check_whole
from commissure.sim.workload.lengths import Lengths
from commissure.sim.workload.streams import stream

Think = Literal["exponential", "constant"]
# A think time of a year.
LONGEST_THINK_S = 31_536_000.0


class ClosedLoop:
    """So many clients, each with `calls` calls, each of which is preceded by a think time of mean `think_s`.

    The think time and the lengths of a client's n-th call are the same whatever serves it: common random numbers.
    Results stand by call in order of sending, as `Feed` keeps them. A call that fails counts as ended. Raises
    UsageError.
    """

    def __init__(
        self,
        env: simpy.Environment,
        submit: Submit,
        clients: int,
        calls: int,
        think_s: float,
        lengths: Lengths,
        seed: int,
        think: Think = "exponential",
    ) -> None:
        check_whole("clients", clients, 1, MOST_CALLS)
        check_whole("calls", calls, 1, MOST_CALLS // clients)
        check_number("think_s", think_s, 0, LONGEST_THINK_S)
        if think not in get_args(Think):
            raise unknown("think", think, get_args(Think))
        self.client: list[int] = []
        self.arrival_s: list[float] = []
        self.started_s: list[float] = []
        self.first_s: list[float] = []
        self.finished_s: list[float] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.cached: list[int] = []
        self.preemptions: list[int] = []
        self.errors: dict[int, Exception] = {}
        self.ended = 0
        self._env = env
        self._submit = submit
        self._calls = calls
        self._sent = [0] * clients
        total = clients * calls
        pauses = stream(seed, "think").standard_exponential(total) if think == "exponential" else np.ones(total)
        self._think_s: list[float] = (think_s * pauses).tolist()
        prompts, outputs = lengths.draw(total, seed)
        self._prompts: list[int] = prompts.tolist()
        self._outputs: list[int] = outputs.tolist()

    def start(self) -> None:
        """Every client begins to think now."""
        for client in range(len(self._sent)):
            self._pause(client)

    def columns(self, endpoint: str, busy_s: float) -> Columns:
        """What came of the calls, served by the endpoint of this name, which worked for so long."""
        calls = len(self.client)
        return Columns(
            np.asarray(self.arrival_s),
            np.asarray(self.started_s),
            np.asarray(self.first_s),
            np.asarray(self.finished_s),
            np.asarray(self.inputs, np.int64),
            np.asarray(self.cached, np.int64),
            np.asarray(self.outputs, np.int64),
            np.zeros(calls, np.int64),
            np.asarray(self.preemptions, np.int64),
            np.zeros(calls),
            (endpoint,),
            {endpoint: busy_s},
            errors=self.errors,
        )

    def _pause(self, client: int) -> None:
        place = client * self._calls + self._sent[client]
        pause = simpy.Timeout(self._env, self._think_s[place], client)
        pause.callbacks.append(self._send)

    def _send(self, event: simpy.Event) -> None:
        client = event._value
        place = client * self._calls + self._sent[client]
        self._sent[client] += 1
        number = len(self.client)
        prompt, output = self._prompts[place], self._outputs[place]
        for column, value in ((self.client, client), (self.inputs, prompt), (self.outputs, output)):
            column.append(value)
        self.arrival_s.append(self._env.now)
        for times in (self.started_s, self.first_s, self.finished_s):
            times.append(-1.0)
        self.cached.append(0)
        self.preemptions.append(0)
        self._submit(Job(prompt, output, (), self._end, number))

    def _end(self, job: Job) -> None:
        number = job.index
        self.ended += 1
        if job.error is not None:
            self.errors[number] = job.error
        else:
            self.started_s[number] = job.started_s
            self.first_s[number] = job.first_s
            self.finished_s[number] = job.finished_s
            self.cached[number] = job.cached
            self.preemptions[number] = job.preemptions
        client = self.client[number]
        if self._sent[client] < self._calls:
            self._pause(client)
