"""The serving engine by jumps: a stretch of equal steps is one SimPy event, however many steps it has.

Between two changes of the batch every step costs a constant more than the one before, since each sequence adds one
token to read. So k steps take k (first + (k - 1) more / 2), and the next change - a sequence that ends, a prompt that
is computed, memory that runs out, an arrival that can join - is found in closed form.
"""

from __future__ import annotations

import simpy

from commissure.hal.errors import EndpointError
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import NEVER, WAITING, Job
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.engine.scheduler import Scheduler


class Engine(Scheduler):
    """The scheduler's steps in virtual time. When memory does not grow with the batch, the latest admitted job is
    preempted, and computed again later.
    """

    def __init__(
        self, env: simpy.Environment, cost: StepCost, settings: EngineSettings, cache: PrefixCache, name: str = "engine"
    ) -> None:
        super().__init__(cost, settings, cache)
        self.name = name
        self.env = env
        self.busy_s = 0.0
        self.steps = 0
        self.preemptions = 0
        self._cancelled: dict[Job, None] = {}
        # While a stretch is open, an arrival can cut it short; wake-ups of an older version are stale.
        self._active = False
        self._open = False
        # Whether the batch decodes in this stretch; on static shapes it waits while a prompt is computed.
        self._decodes = True
        self._end = 0.0
        self._version = 0

    def submit(self, job: Job) -> None:
        """Take a job now. Its `done` is called when it has ended, at once and with an `error` if it can never fit."""
        job.arrived_s = self.env._now
        if not self.fits(job):
            job.error = EndpointError(
                self.name, f"a call of {job.prompt} tokens in and {job.output} out does not fit its memory"
            )
            job.done(job)
            return
        self.waiting.append(job)
        if not self._active:
            self._active = True
            self._schedule(job.arrived_s)
        elif self._open and len(self.waiting) == 1:
            self._cut()

    def fits(self, job: Job) -> bool:
        """Whether the job can ever run here."""
        return self.memory.blocks(job) <= self.memory.cache.capacity

    def cancel(self, job: Job) -> None:
        """Drop a job: at once while it waits, at the end of the step in progress while it runs."""
        if job in self.running:
            self._cancelled[job] = None
            self._cut()
        elif job.finished_s == NEVER and job in self.waiting:
            self.waiting.remove(job)
            self._cut()  # who waited behind it may join

    def slow(self, factor: float) -> None:
        """From the end of the step in progress on, every step takes `factor` times its modelled time."""
        self.cost.slowdown = factor
        if self._active:
            self._cut()

    def evacuate(self) -> list[Job]:
        """Lose every job, running and waiting, and the cache with them; returns them, in order of admission."""
        lost = [*self.running, *self.waiting]
        if self._active:
            self.busy_s += self.env._now - self._stretch.began_s
        for job in [*self.running]:
            self._remove(job)
        lost = [job for job in lost if job not in self._cancelled]
        self._cancelled.clear()
        for job in lost:
            if job.first_s > self.env._now:
                job.first_s = NEVER  # a step that was taken at once with what follows is not over yet
        self.waiting.clear()
        self._completing.clear()
        self.memory.clear()
        self._version += 1
        self._active = self._open = False
        return lost

    def step_end(self) -> float:
        """When the step in progress ends; now, if there is none."""
        if not self._active:
            return float(self.env._now)
        stretch = self._stretch
        steps = min(stretch.done(self.env._now) + 1, stretch.n)
        return stretch.began_s + steps * (stretch.first_s + stretch.more_s * (steps - 1) / 2)

    def prompts_left(self) -> list[tuple[int, int]]:
        """Of each prompt that is not computed when the step in progress ends: tokens to compute, and those before."""
        left: list[tuple[int, int]] = []
        partial = self._partial
        if partial is not None:
            steps = min(self._stretch.done(self.env._now) + 1, self._stretch.n)
            context = self._context + steps * self._chunk
            if context < partial.todo:
                left.append((partial.todo - context, context))
        for job, _, context in self._joining:
            left.append((job.todo - context, context))
        cache = self.memory.cache
        for job in self.waiting:
            most = min(len(job.hashes), (job.todo - 1) // cache.unit_tokens)
            context = cache.match(job.hashes, most) * cache.unit_tokens
            if job.ready_tokens and context >= job.ready_from:
                context = max(context, min(job.ready_tokens, job.todo - 1))
            left.append((job.todo - context, context))
        return left

    def _arm(self) -> None:
        end = self._end = self._stretch.end_s()
        self._version += 1
        delay = end - self.env._now
        wake = simpy.Timeout(self.env, delay if delay > 0.0 else 0.0, self._version)
        wake.callbacks.append(self._wake)

    def _wake(self, event: simpy.Event) -> None:
        version = self._version
        if event._value != version:
            return
        self._advance()
        if self._version == version:  # else whoever heard of an end has emptied the engine
            self._schedule(self._end)

    def _cut(self) -> None:
        """End the stretch with the step in progress."""
        if self._stretch.cut(self.env._now):
            self._arm()

    def _advance(self) -> None:
        """Take the stretch's steps."""
        n, now = self._stretch.n, self._end
        self._open = False
        self.busy_s += now - self._stretch.began_s
        self.steps += n
        batch = self.batch
        if self._decodes:
            batch.advance(n)
        if self._partial is not None:
            self._context += n * self._chunk
        while (job := batch.due()) is not None:
            if batch.ends(job):
                self._finish(job, now, decoding=True)
            else:
                self._show(job, now)
        if self._completing:
            self._complete(now)

    def _complete(self, now: float) -> None:
        """Prompts are computed: their first tokens are out, and they decode from the next step on."""
        while self._completing:
            job = self._completing.pop(0)
            if not job.first_step and job.first_s == NEVER:
                self._show(job, now)
            if job.left:
                self.batch.add(job)
            else:
                self._finish(job, now, decoding=False)

    def _show(self, job: Job, now: float) -> None:
        job.first_s = now
        if job.on_first is not None and job not in self._cancelled:
            job.on_first(job)

    def _finish(self, job: Job, now: float, *, decoding: bool) -> None:
        if job.first_s == NEVER:
            self._show(job, now)
        self._release(job, decoding=decoding)
        if job in self._cancelled:
            return
        job.finished_s = now
        job.done(job)

    def _release(self, job: Job, *, decoding: bool) -> None:
        memory = self.memory
        if memory.cache.kept:
            memory.trim(self.batch.step)
        if decoding:
            self.batch.remove(job)
        memory.release(job)
        del self.running[job]
        job.order = WAITING

    def _remove(self, job: Job) -> bool:
        """Take a running job out before its end; returns whether it was decoding."""
        decoding = job is not self._partial and job not in self._completing
        if decoding and self._joining and any(job is one for one, _, _ in self._joining):
            self._joining = [chunk for chunk in self._joining if chunk[0] is not job]
            decoding = False
        if not decoding:
            self.memory.cache.forget(job.held, job.cached_units)
            job.held = ()
            if job is self._partial:
                self._partial = None
        self._release(job, decoding=decoding)
        return decoding

    def _preempt_last(self) -> None:
        """Send the latest admitted back to the head of the queue, to be computed again with what it has said."""
        job = next(reversed(self.running))
        computed = self._context if job is self._partial else 0
        if self._remove(job):
            done = self.batch.step - job.step_at
            computed = job.todo + int(done * job.rate)
            job.todo = min(computed + 1, int(job.todo + job.left * job.rate))
            job.left -= done + 1
        self.memory.keep(job, computed)
        job.ready_tokens = 0
        job.preemptions += 1
        self.preemptions += 1
        self.waiting.appendleft(job)

    def _schedule(self, now: float) -> None:
        """Compose the next step, and find how many like it follow."""
        if self._cancelled:
            for job in self._cancelled:
                if job in self.running:
                    self._remove(job)
            self._cancelled.clear()
        self._stretch.began_s = now
        calm = True
        while self.memory.overflows(self.batch.step):
            self._preempt_last()
            calm = False
        if not self._compose(calm):
            self._active = False
            return
        room = self._partial is None and len(self.running) < self._places
        if not calm or self._joining:
            self._stretch.n = 1  # the next step has others
        elif self._completing and self._decodes and self._partial is None and not (self.waiting and room):
            self._join_stretch(now)
        self._open = room and not self.waiting
        self._arm()

    def _join_stretch(self, now: float) -> None:
        """Take the composed step at once, and go on with the stretch that follows: one event for both.

        Only where the step surely ends so: nobody ends in it, nobody watches for a first token, memory holds.
        """
        batch = self.batch
        if (batch.count and batch.steps_left() <= 1) or not self.memory.roomy:
            return
        for job in self._completing:
            if not job.left or job.on_first is not None:
                return
        began_s = self._stretch.began_s = now + self._stretch.first_s
        self.busy_s += self._stretch.first_s
        self.steps += 1
        batch.advance(1)
        self._complete(began_s)
        self._repeat(0, batch.steps_left())
