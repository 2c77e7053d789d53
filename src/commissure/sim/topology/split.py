"""Prefill on one chip, decode on another: the KV state of the prompt travels between them.

As in Splitwise (Patel et al. 2024, arXiv 2311.18677) and DistServe (Zhong et al. 2024, arXiv 2401.09670): the first
token comes from the chip that computes the prompt, the others from the chip that takes the state over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import simpy

from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.server import Server
from commissure.sim.topology.channel import Channel


@dataclass(slots=True)
class _Halves:
    """One call's two jobs."""

    call: Job
    first: Job
    second: Job | None = None

    def __str__(self) -> str:
        """Who asks, as the prompt's chip is to see it."""
        return str(self.call.tag or "")


class PrefillDecode:
    """Two servers and the link between them; the chips may differ, the model and its KV layout may not.

    `kv_bytes` gives the size of the state of so many tokens.
    """

    def __init__(self, prefill: Server, decode: Server, link: Channel, kv_bytes: Callable[[int], float]) -> None:
        self._prefill = prefill
        self._decode = decode
        self._link = link
        self._kv_bytes = kv_bytes
        self._open: dict[Job, _Halves] = {}

    @property
    def busy_s(self) -> float:
        """The mean of both sides."""
        return (self._prefill.busy_s + self._decode.busy_s) / 2

    def submit(self, job: Job) -> None:
        """Take a job now."""
        first = Job(job.prompt, 1, job.hashes, self._prefilled)
        first.ahead = job.ahead
        first.tag = halves = _Halves(job, first)
        first.node, first.workflow = job.node, job.workflow
        self._open[job] = halves
        self._prefill.submit(first)
        job.arrived_s = first.arrived_s

    def cancel(self, job: Job) -> None:
        """Drop a job, wherever it is; a transfer under way ends unheeded."""
        halves = self._open.pop(job)
        if halves.second is not None:
            self._decode.cancel(halves.second)
        elif halves.first.finished_s == NEVER:
            self._prefill.cancel(halves.first)

    def slow(self, factor: float) -> None:
        """Both sides slow down."""
        self._prefill.slow(factor)
        self._decode.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job."""
        self._prefill.evacuate()
        self._decode.evacuate()
        lost = [*self._open]
        self._open.clear()
        return lost

    def _prefilled(self, first: Job) -> None:
        halves: _Halves = first.tag
        job = halves.call
        job.arrived_s = first.arrived_s
        job.started_s, job.first_s, job.cached = first.started_s, first.first_s, first.cached
        job.error = first.error
        if job.on_first is not None and job.error is None:
            job.on_first(job)
        if job.output == 1 or job.error is not None:
            job.finished_s = first.finished_s
            self._end(job)
        else:
            self._link.carry(self._kv_bytes(job.prompt), self._arrived, halves)

    def _arrived(self, event: simpy.Event) -> None:
        halves: _Halves = event._value
        job = halves.call
        if self._open.get(job) is not halves:
            return
        # The first token is known; its own KV state is computed here, and gives the second.
        second = Job(job.prompt + 1, job.output - 1, (), self._decoded, ready_tokens=job.prompt)
        second.constrained = job.constrained
        second.mask_s, second.mask_step_s, second.mask_overlaps = job.mask_s, job.mask_step_s, job.mask_overlaps
        second.tag = halves
        halves.second = second
        self._decode.submit(second)

    def _decoded(self, second: Job) -> None:
        job = second.tag.call
        job.error, job.finished_s, job.preemptions = second.error, second.finished_s, second.preemptions
        self._end(job)

    def _end(self, job: Job) -> None:
        del self._open[job]
        job.done(job)
