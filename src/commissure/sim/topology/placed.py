"""Several chips that can compute a prompt, the one that answers among them: a placer chooses for each call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commissure.hal.call import Call
from commissure.hal.errors import UsageError
from commissure.hal.placement import Placer, PrefillOption
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server
from commissure.sim.topology.channel import Channel
from commissure.sim.topology.expect import Expected, Pool
from commissure.sim.topology.split import PrefillDecode


@dataclass(frozen=True, slots=True)
class Group:
    """Chips that compute prompts for another, and the link to it; `kv_bytes` is the state of so many tokens."""

    name: str
    pool: Pool
    link: Channel
    kv_bytes: Callable[[int], float]


class Placed:
    """An endpoint whose prompts are computed on its own chip or on one of its groups, as the placer says.

    Without a placer they go to the group with the fewest under way, never to its own chip. The way back to the own chip
    is expected as if it were asked for now, and an answer waits there behind what is before it.
    """

    def __init__(self, name: str, own: Pool, groups: Sequence[Group], placer: Placer | None) -> None:
        self._name = name
        self._own = own
        self._groups = tuple(groups)
        self._placer = placer
        self._splits = [PrefillDecode(one.pool.server, own.server, one.link, one.kv_bytes) for one in groups]
        self._under_way = [0] * len(groups)
        # Who serves each job: the number of a group, -1 for the own chip alone; and whom to tell.
        self._told: dict[Job, tuple[int, Callable[[Job], Any]]] = {}

    @property
    def busy_s(self) -> float:
        """The mean of all sides."""
        sides = [self._own.server, *(group.pool.server for group in self._groups)]
        return sum(side.busy_s for side in sides) / len(sides)

    def submit(self, job: Job) -> None:
        """Take a job now."""
        try:
            number = self._choose(job)
        except UsageError as error:
            job.error = error
            job.done(job)
            return
        if number >= 0:
            self._under_way[number] += 1
        self._told[job] = number, job.done
        job.done = self._ended
        self._server(number).submit(job)

    def cancel(self, job: Job) -> None:
        """Drop a job."""
        self._server(self._told[job][0]).cancel(job)
        self._leave(job)

    def slow(self, factor: float) -> None:
        """Every chip slows down."""
        for side in (self._own, *(group.pool for group in self._groups)):
            side.server.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job of every chip."""
        for split in self._splits:
            split.evacuate()
        self._own.server.evacuate()
        lost = [*self._told]
        for job in lost:
            self._leave(job)
        return lost

    def options(self, job: Job) -> list[tuple[int, PrefillOption]]:
        """The chips that can hold the job, by number, -1 the own one, with what is expected of them."""
        own = self._own.expected(job) if self._own.fits(job) else None
        found = []
        if own is not None:
            usd = self._own.usd(own.prefill_s)
            found.append((-1, PrefillOption(self._name, own.prefill_s, own.load_s, own.queue_s, usd, own=True)))
        found += [
            (number, self._remote(group, job, own))
            for number, group in enumerate(self._groups)
            if group.pool.fits(job) and (own is not None or job.output == 1)
        ]
        return found

    def _remote(self, group: Group, job: Job, own: Expected | None) -> PrefillOption:
        there = group.pool.expected(job)
        transfer_s, queue_s = there.load_s, there.queue_s
        if own is not None and (job.longest or job.output) > 1:
            transfer_s += group.link.wait_s(group.kv_bytes(job.prompt))
            queue_s += max(0.0, own.queue_s - queue_s - there.prefill_s - transfer_s)
        return PrefillOption(group.name, there.prefill_s, transfer_s, queue_s, group.pool.usd(there.prefill_s))

    def _choose(self, job: Job) -> int:
        if self._placer is None:
            return min(range(len(self._groups)), key=self._under_way.__getitem__)
        options = self.options(job)
        if not options:
            pools = [(self._name, self._own), *((group.name, group.pool) for group in self._groups)]
            rooms = ", ".join(f"{name} {pool.room_tokens:,.0f}" for name, pool in pools)
            raise UsageError(
                f"endpoint {self._name!r}: no chip can compute a prompt of {job.prompt} tokens with an answer of "
                f"{job.output}; tokens that fit: {rooms}"
            )
        call = Call("", agent=str(job.tag or ""), max_tokens=job.longest or job.output, prompt_tokens=job.prompt)
        chosen = self._placer.choose(call, [option for _, option in options])
        for number, option in options:
            if option is chosen:
                return number
        placer = type(self._placer).__name__
        raise UsageError(f"{placer}.choose() returned {chosen!r:.60}; it must return one of the options")

    def _server(self, number: int) -> Server:
        return self._own.server if number < 0 else self._splits[number]

    def _ended(self, job: Job) -> None:
        self._leave(job)
        job.done(job)

    def _leave(self, job: Job) -> None:
        number, job.done = self._told.pop(job)
        if number >= 0:
            self._under_way[number] -= 1
