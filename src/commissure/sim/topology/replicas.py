"""Replicas behind one name: each call goes to the one with the fewest under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server


class Replicas:
    """Join the shortest queue; the first of equals."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = tuple(servers)
        self._running = [0] * len(servers)
        # Where each job runs, and whom to tell when it has ended.
        self._placed: dict[Job, tuple[int, Callable[[Job], Any]]] = {}

    @property
    def busy_s(self) -> float:
        """The mean over the replicas, so that it compares with the time that passed."""
        return sum(server.busy_s for server in self.servers) / len(self.servers)

    @property
    def next(self) -> int:
        """The number of the replica that would get a job now."""
        return min(range(len(self.servers)), key=self._running.__getitem__)

    def submit(self, job: Job) -> None:
        """Take a job now."""
        place = self.next
        self._running[place] += 1
        self._placed[job] = place, job.done
        job.done = self._ended
        self.servers[place].submit(job)

    def cancel(self, job: Job) -> None:
        """Drop a job."""
        place, _ = self._placed[job]
        self.servers[place].cancel(job)
        _, job.done = self._placed.pop(job)
        self._running[place] -= 1

    def slow(self, factor: float) -> None:
        """Every replica slows down."""
        for server in self.servers:
            server.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job of every replica."""
        lost = [job for server in self.servers for job in server.evacuate()]
        for job in lost:
            place, job.done = self._placed.pop(job)
            self._running[place] -= 1
        return lost

    def _ended(self, job: Job) -> None:
        place, job.done = self._placed.pop(job)
        self._running[place] -= 1
        job.done(job)
