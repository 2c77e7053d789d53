"""The serving engine by jumps: a stretch of equal steps is one SimPy event, however many steps it has.

Between two changes of the batch every step costs a constant more than the one before, since each sequence adds one
token to read. So k steps take k (first + (k - 1) more / 2), and the next change - a sequence that ends, a prompt that
is computed, memory that runs out, an arrival that can join - is found in closed form.
"""

from __future__ import annotations

from collections import deque
from math import sqrt

import simpy

from commissure.hal.serving import EngineSettings
from commissure.sim.engine.batch import Batch
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import NEVER, WAITING, Job
from commissure.sim.engine.memory import Memory
from commissure.sim.engine.prefix import PrefixCache

# A job, and the tokens of its prompt that a step computes behind those that are there.
Chunk = tuple[Job, int, int]


class Engine:
    """Continuous batching with chunked prefill, first come, first served, as vLLM's V1 scheduler does it.

    A step takes every decoding sequence, then the prompt under way, then waiting ones while token budget, places
    and KV blocks last. When memory does not grow with the batch, the latest admitted is preempted, and computed
    again later. At most one prompt is partly computed at a step's end: it took the rest of the budget. An engine that
    schedules ahead decides who joins a step when the step before it begins.
    """

    def __init__(self, env: simpy.Environment, cost: StepCost, settings: EngineSettings, cache: PrefixCache) -> None:
        self.env = env
        self.cost = cost
        self.waiting: deque[Job] = deque()
        self.running: dict[Job, None] = {}
        self.busy_s = 0.0
        self.steps = 0
        self.preemptions = 0
        self.batch = Batch(settings.block_tokens)
        self.memory = Memory(cache, self.batch.growth, settings)
        self._places: int = settings.max_num_seqs
        self._budget: int = settings.max_batched_tokens
        self._ahead: bool = settings.schedules_ahead
        self._orders = 0
        self._cancelled: list[Job] = []
        # The prompt under way: tokens computed so far; those that this step completes; those that join the next.
        self._partial: Job | None = None
        self._context = 0
        self._completing: list[Job] = []
        self._joining: list[Chunk] = []
        # The stretch under way: n steps, the first of which costs `_first` s and each next `_more` s more, with
        # `_chunk` tokens of the prompt under way in each. While it is open, an arrival can cut it short.
        self._active = False
        self._open = False
        self._began = 0.0
        self._end = 0.0
        self._first = 0.0
        self._more = 0.0
        self._n = 0
        self._chunk = 0
        self._version = 0

    def submit(self, job: Job) -> None:
        """Take a job now; it must fit the cache at its full length. Its `done` is called when it has ended."""
        job.arrived_s = self.env._now
        self.waiting.append(job)
        if not self._active:
            self._active = True
            self._schedule(job.arrived_s)
        elif self._open and len(self.waiting) == 1:
            self._cut()

    def cancel(self, job: Job) -> None:
        """Drop a job: at once while it waits, at the end of the step in progress while it runs."""
        if job in self.running:
            self._cancelled.append(job)
            self._cut()
        elif job.finished_s == NEVER and job in self.waiting:
            self.waiting.remove(job)

    def slow(self, factor: float) -> None:
        """From the end of the step in progress on, every step takes `factor` times its modelled time."""
        self.cost.slowdown = factor
        if self._active:
            self._cut()

    def evacuate(self) -> list[Job]:
        """Lose every job, running and waiting, and the cache with them; returns them, in order of admission."""
        lost = [*self.running, *self.waiting]
        for job in [*self.running]:
            self._remove(job)
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
        steps = min(self._steps_done() + 1, self._n)
        return self._began + steps * (self._first + self._more * (steps - 1) / 2)

    def _arm(self) -> None:
        n = self._n
        end = self._end = self._began + n * (self._first + self._more * (n - 1) / 2)
        self._version += 1
        delay = end - self.env._now
        wake = simpy.Timeout(self.env, delay if delay > 0.0 else 0.0, self._version)
        wake.callbacks.append(self._wake)

    def _wake(self, event: simpy.Event) -> None:
        if event._value == self._version:
            self._advance()
            self._schedule(self._end)

    def _steps_done(self) -> int:
        """Whole steps of the stretch that are over; -1 in the step before it."""
        first, more, dt = self._first, self._more, self.env._now - self._began
        if dt < 0.0:
            return -1
        slope = first - more / 2
        if slope <= 0.0:
            return self._n
        done = int(2 * dt / (slope + sqrt(slope * slope + 2 * more * dt)))
        while (done + 1) * (first + more * done / 2) <= dt:
            done += 1
        while done and done * (first + more * (done - 1) / 2) > dt:
            done -= 1
        return done

    def _cut(self) -> None:
        """End the stretch with the step in progress."""
        if self._n > 1 or self.env._now < self._began:
            done = self._steps_done()
            if done + 1 < self._n:
                self._n = done + 1
                self._arm()

    def _advance(self) -> None:
        """Take the stretch's steps."""
        n, now = self._n, self._end
        self._open = False
        self.busy_s += now - self._began
        self.steps += n
        batch = self.batch
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
        completing, self._completing = self._completing, []
        for job in completing:
            if not job.first_step and job.first_s == NEVER:
                self._show(job, now)
            if job.left:
                self.batch.add(job)
            else:
                self._finish(job, now, decoding=False)

    def _show(self, job: Job, now: float) -> None:
        job.first_s = now
        if job.on_first is not None:
            job.on_first(job)

    def _finish(self, job: Job, now: float, *, decoding: bool) -> None:
        if job.first_s == NEVER:
            self._show(job, now)
        job.finished_s = now
        self._release(job, decoding=decoding)
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
            job.todo = computed + 1
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
        self._began = now
        calm = True
        while self.memory.overflows(self.batch.step):
            self._preempt_last()
            calm = False
        if not self._compose(calm):
            self._active = False
            return
        room = self._partial is None and len(self.running) < self._places
        if not calm or self._joining:
            self._n = 1  # the next step has others
        elif self._completing and self._partial is None and not (self.waiting and room):
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
        self._began = now + self._first
        self.busy_s += self._first
        self.steps += 1
        batch.advance(1)
        self._complete(self._began)
        self._stretch(0, batch.steps_left())

    def _compose(self, calm: bool) -> bool:
        """Fill `_n`, `_first`, `_more` and `_chunk`; False if there is nothing to do."""
        budget = self._budget - self.batch.count * self.cost.decode_tokens
        chunks: list[Chunk] = []
        partial = self._partial
        if partial is not None and budget > 0:
            rest = partial.todo - self._context
            if rest > budget:
                full = (rest - 1) // budget
                # Who joins the step that ends the prompt is decided one step before it.
                self._stretch(budget, full - 1 if self._ahead and full > 1 else full)
                if full == 1 and calm:
                    self._decide(rest - budget)
                return True
            chunks.append((partial, rest, self._context))
            self._completing.append(partial)
            self._partial = None
            budget -= rest
        if self._joining:
            chunks += self._joining
            self._joining = []
            self._take_up(chunks)
        elif calm and self.waiting and self._partial is None and not (self._ahead and self.running):
            fresh = self._admit(budget)
            chunks += fresh
            self._take_up(fresh)
        if len(chunks) == 1 and self._partial is not None and not self._ahead:
            (_, chunk, context), *_ = chunks
            self._stretch(chunk, (self._partial.todo - context - 1) // chunk)
        elif chunks:
            self._mixed(chunks)
        elif self.batch.count:
            self._stretch(0, self.batch.steps_left())
        else:
            return False
        if self._ahead and calm:
            partial = self._partial
            self._decide(0 if partial is None else partial.todo - self._context - self._chunk)
        return True

    def _decide(self, rest: int) -> None:
        """Scheduling ahead: choose who joins the next step, beside `rest` tokens of the prompt under way."""
        if not self._ahead or not self.waiting or len(self.running) >= self._places:
            return
        decoding = self.batch.count - self.batch.ending() + sum(1 for job in self._completing if job.left)
        budget = self._budget - decoding * self.cost.decode_tokens - rest
        self._joining = self._admit(budget)

    def _admit(self, budget: int) -> list[Chunk]:
        """Place waiting jobs, in order, into a step's token budget."""
        chunks: list[Chunk] = []
        memory = self.memory
        while self.waiting and budget > 0 and len(self.running) < self._places:
            job = self.waiting[0]
            matched = memory.place(job, self.batch.step)
            if matched < 0:
                break
            self.waiting.popleft()
            self._orders += 1
            job.order = self._orders
            job.cached_units = matched // memory.cache.unit_tokens
            self.running[job] = None
            if job.started_s == NEVER:
                job.started_s = self._began
                job.cached = matched
            context = max(matched, min(job.ready_tokens, job.todo - 1))
            chunk = min(job.todo - context, budget)
            budget -= chunk
            chunks.append((job, chunk, context))
        return chunks

    def _take_up(self, chunks: list[Chunk]) -> None:
        """Jobs run from this step on: the step ends their prompts, but perhaps the last one's."""
        for job, chunk, context in chunks:
            if context + chunk < job.todo:
                self._partial, self._context = job, context
            elif job not in self._completing:
                self._completing.append(job)

    def _mixed(self, chunks: list[Chunk]) -> None:
        """One step that ends or begins some prompts."""
        batch = self.batch
        tokens = batch.count * self.cost.decode_tokens
        sequences, kv, attention = batch.count, batch.kv + batch.rate, 0.0
        for _, chunk, context in chunks:
            tokens += chunk
            sequences += 1
            kv += context + chunk
            attention += chunk * (context + chunk / 2)
        self._n, self._more = 1, 0.0
        seconds = self.cost.seconds(tokens, sequences, kv, attention) + batch.masks_s
        self._first = max(seconds, batch.overlapped_s)
        # The prompt under way, if there is one, is the last to have been taken in.
        self._chunk = chunks[-1][1] if self._partial is not None else 0

    def _stretch(self, chunk: int, most: int) -> None:
        """Up to `most` steps of the same batch, with `chunk` tokens of the prompt under way in each."""
        batch, cost = self.batch, self.cost
        context = self._context if chunk else 0
        if batch.count:
            left = batch.steps_left()
            most = self.memory.steps(batch.step, left if left < most else most)
        self._chunk, self._n = chunk, most
        self._more = cost.growth(batch.rate, chunk)
        self._first = batch.masks_s + cost.seconds(
            batch.count * cost.decode_tokens + chunk,
            batch.count + (chunk > 0),
            batch.kv + batch.rate + context + chunk,
            chunk * (context + chunk / 2),
        )
        if batch.overlapped_s > self._first:
            self._hide_behind_masks()

    def _hide_behind_masks(self) -> None:
        """While masks take longer than the chip, they set the pace: until the growing step overtakes them."""
        pace = self.batch.overlapped_s
        if self._more > 0.0:
            self._n = min(self._n, int((pace - self._first) / self._more) + 1)
        self._first, self._more = pace, 0.0
