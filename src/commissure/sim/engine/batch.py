"""The decoding batch as sums: a step costs and changes it by amounts that need no look at its sequences."""

from __future__ import annotations

from heapq import heappop, heappush

from commissure.sim.engine.growth import BlockGrowth
from commissure.sim.engine.job import NEVER, Job


class Batch:
    """Sequences that decode, each adding its own constant number of tokens a step.

    `step` counts the steps taken, `kv` the tokens that the batch holds, `rate` those that it adds each step.
    """

    def __init__(self, block_tokens: int) -> None:
        self.step = 0
        self.count = 0
        self.kv = 0.0
        self.rate = 0.0
        self.growth = BlockGrowth(block_tokens)
        self.masks_s = 0.0
        self.overlapped_s = 0.0
        # How many jobs pay so much once a step.
        self._once: dict[float, int] = {}
        self._once_overlapped: dict[float, int] = {}
        # When a sequence shows its first token or ends: (step, order, job). Those of jobs that left are stale.
        self._due: list[tuple[int, int, Job]] = []

    def add(self, job: Job) -> None:
        """A job decodes from the next step on."""
        step = job.step_at = self.step
        shows = job.first_s == NEVER and 0 < job.first_step < job.left
        heappush(self._due, (step + (job.first_step if shows else job.left), job.order, job))
        self.count += 1
        self.kv += job.todo
        self.rate += job.rate
        if job.grows:
            self.growth.add(job.todo, step)
        if job.mask_s or job.mask_step_s:
            self._mask(job, 1)

    def remove(self, job: Job) -> None:
        """A job leaves; its order is changed by whoever takes it out, so that what is due for it is stale."""
        self.count -= 1
        if self.count:
            self.kv -= job.todo + (self.step - job.step_at) * job.rate
            self.rate -= job.rate
        else:
            self.kv = self.rate = 0.0
        if job.grows:
            self.growth.remove(job.todo, job.step_at)
        if job.mask_s or job.mask_step_s:
            self._mask(job, -1)

    def advance(self, steps: int) -> None:
        """Take so many steps."""
        self.step += steps
        self.kv += steps * self.rate

    def steps_left(self) -> int:
        """Steps until something is due; it is, for a batch that is not empty."""
        return self._due[0][0] - self.step

    def due(self) -> Job | None:
        """The next job of which something is due by now, in order of admission; None when there is no more."""
        due = self._due
        while due and due[0][0] <= self.step:
            _, order, job = heappop(due)
            if job.order == order:
                return job
        return None

    def ends(self, job: Job) -> bool:
        """Whether a job that was due has ended; if it has but shown its first token, its end is noted."""
        end = job.step_at + job.left
        if end <= self.step:
            return True
        heappush(self._due, (end, job.order, job))
        return False

    def ending(self) -> int:
        """How many sequences end with the next step."""
        after = self.step + 1
        if not self._due or self._due[0][0] > after:
            return 0
        return sum(
            1
            for step, order, job in self._due
            if step <= after and job.order == order and job.step_at + job.left <= after
        )

    def _mask(self, job: Job, sign: int) -> None:
        """A job's masks come or go: its own, and what a step pays once, the most that any of its jobs does."""
        once = self._once_overlapped if job.mask_overlaps else self._once
        before = max(once, default=0.0)
        once[job.mask_step_s] = once.get(job.mask_step_s, 0) + sign
        if not once[job.mask_step_s]:
            del once[job.mask_step_s]
        seconds = sign * job.mask_s + max(once, default=0.0) - before
        if job.mask_overlaps:
            self.overlapped_s += seconds
        else:
            self.masks_s += seconds
