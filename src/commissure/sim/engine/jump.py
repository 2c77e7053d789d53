"""The serving engine by jumps: a stretch of equal steps is one SimPy event, however many steps it has.

Between two changes of the batch every step costs a constant more than the one before, since each sequence adds one
token to read. So k steps take k (first + (k - 1) increment / 2), and the next change - a sequence that ends, a prompt
that is computed, memory that runs out, an arrival that can join - is found in closed form.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from math import sqrt

import simpy

from commissure.hal.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.growth import BlockGrowth
from commissure.sim.engine.job import NEVER, WAITING, Job
from commissure.sim.engine.prefix import PrefixCache

Chunk = tuple[Job, int, int]


class Engine:
    """Continuous batching with chunked prefill, first come, first served, as vLLM's V1 scheduler does it.

    A step takes every decoding sequence, then the prompt under way, then waiting ones while token budget, places
    and KV blocks last. When memory does not grow with the batch, the latest admitted is preempted, and computed
    again later. At most one prompt is partly computed at a step's end: it took the rest of the budget.
    """

    def __init__(self, env: simpy.Environment, cost: StepCost, settings: EngineSettings, cache: PrefixCache) -> None:
        self.env = env
        self.cost = cost
        self.cache = cache
        self.waiting: deque[Job] = deque()
        self.running: dict[Job, None] = {}
        self.busy_s = 0.0
        self.steps = 0
        self.preemptions = 0
        self._places: int = settings.max_num_seqs
        self._budget: int = settings.max_batched_tokens
        self._block: int = settings.block_tokens
        self._reserves: bool = settings.admission == "reserve"
        self._orders = 0
        self._cancelled: list[Job] = []
        # The decoding batch: steps taken, when sequences end, tokens that they hold and add each step.
        self._step = 0
        self._ends: list[tuple[int, int, Job]] = []
        self._decoding = 0
        self._kv = 0.0
        self._kv_rate = 0.0
        # KV blocks that the batch takes as it grows, in closed form, and those that it would take in all.
        self._growth = BlockGrowth(settings.block_tokens)
        self._pending = 0
        self._masks_s = self._overlapped_s = 0.0
        # The prompt under way: tokens computed so far, and of its shared units those that it found.
        self._partial: Job | None = None
        self._context = 0
        self._partial_matched = 0
        # The stretch under way: n steps of which the first costs `_first` s and each next `_more` s more.
        self._active = False
        self._open = False
        self._began = self._end = 0.0
        self._first = self._more = 0.0
        self._n = 0
        self._chunk = 0
        self._completing: list[Job] = []
        self._version = 0

    def blocks(self, job: Job) -> int:
        """KV blocks of a job at its full length."""
        return -(-int(job.todo + job.left * job.rate) // self._block)

    def submit(self, job: Job) -> None:
        """Take a job now; it must fit the cache at its full length. Its `done` is called when it has ended."""
        job.arrived_s = self.env.now
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
        self._pending = 0
        self.cache.clear()
        self._version += 1
        self._active = self._open = False
        return lost

    def _arm(self, end_s: float) -> None:
        self._version += 1
        self._end = end_s
        delay = end_s - self.env._now
        wake = simpy.Timeout(self.env, delay if delay > 0.0 else 0.0, self._version)
        wake.callbacks.append(self._wake)

    def _wake(self, event: simpy.Event) -> None:
        if event._value == self._version:
            self._advance()
            self._schedule(self._end)

    def _cut(self) -> None:
        """End the stretch with the step in progress."""
        first, more, dt = self._first, self._more, self.env._now - self._began
        if dt < 0.0:
            done = -1  # still in the step before the stretch
        elif self._n <= 1 or first <= 0.0:
            return
        else:
            slope = first - more / 2
            done = int(2 * dt / (slope + sqrt(slope * slope + 2 * more * dt)))
            while (done + 1) * (first + more * done / 2) <= dt:
                done += 1
            while done and done * (first + more * (done - 1) / 2) > dt:
                done -= 1
        if done + 1 < self._n:
            self._n = done + 1
            self._arm(self._began + self._n * (first + more * done / 2))

    def _advance(self) -> None:
        """Take the stretch's steps."""
        n, now = self._n, self._end
        self._open = False
        self.busy_s += now - self._began
        self.steps += n
        self._step += n
        self._kv += n * self._kv_rate
        if self._partial is not None:
            self._context += n * self._chunk
        ends, step = self._ends, self._step
        while ends and ends[0][0] <= step:
            due, order, job = heappop(ends)
            if job.order != order:
                continue
            if job.first_s == NEVER and due < job.step_at + job.left:
                self._show(job, now)
                heappush(ends, (job.step_at + job.left, order, job))
            else:
                self._finish(job, now)
        if self._completing:
            self._complete(now)

    def _complete(self, now: float) -> None:
        completing, self._completing = self._completing, []
        for job in completing:
            self._prefilled(job, now)

    def _prefilled(self, job: Job, now: float) -> None:
        """The prompt is computed: its first token is out, and it decodes from the next step on."""
        if not job.first_step and job.first_s == NEVER:
            self._show(job, now)
        if not job.left:
            self._finish(job, now, decoding=False)
            return
        step = job.step_at = self._step
        shows = job.first_s == NEVER and job.first_step < job.left
        heappush(self._ends, (step + (job.first_step if shows else job.left), job.order, job))
        self._decoding += 1
        self._kv += job.todo
        self._kv_rate += job.rate
        if job.grows:
            self._growth.add(job.todo, step)
        if job.mask_s:
            self._mask(job, job.mask_s)

    def _show(self, job: Job, now: float) -> None:
        job.first_s = now
        if job.on_first is not None:
            job.on_first(job)

    def _finish(self, job: Job, now: float, *, decoding: bool = True) -> None:
        if job.first_s == NEVER:
            self._show(job, now)
        job.finished_s = now
        if self.cache.kept:
            self._trim(self._step)
        if decoding:
            self._leave_batch(job)
        self._release(job)
        job.done(job)

    def _leave_batch(self, job: Job) -> float:
        """Take a sequence out of the decoding batch; returns the tokens that it holds."""
        held = job.todo + (self._step - job.step_at) * job.rate
        self._decoding -= 1
        self._kv -= held
        self._kv_rate -= job.rate
        if not self._decoding:
            self._kv = self._kv_rate = 0.0
        if job.grows:
            self._growth.remove(job.todo, job.step_at)
        if job.mask_s:
            self._mask(job, -job.mask_s)
        return held

    def _mask(self, job: Job, seconds: float) -> None:
        if job.mask_overlaps:
            self._overlapped_s += seconds
        else:
            self._masks_s += seconds

    def _release(self, job: Job) -> None:
        """Give back what the job took on admission."""
        del self.running[job]
        job.order = WAITING
        self.cache.used -= job.held_blocks
        self._pending -= job.pending
        if job.held:
            self.cache.drop(job.held)
            job.held = ()

    def _remove(self, job: Job) -> float:
        """Take a running job out, wherever it is; returns the tokens whose KV state it had."""
        if self.cache.kept:
            self._trim(self._step)
        if job is self._partial:
            held = float(self._context)
            self.cache.forget(job.held, self._partial_matched)
            job.held, self._partial = (), None
        elif job in self._completing:
            held = 0.0
        else:
            held = self._leave_batch(job)
        self._release(job)
        return held

    def _preempt_last(self) -> None:
        """Send the latest admitted back to the head of the queue, to be computed again with what it has said."""
        job = next(reversed(self.running))
        decoding = job is not self._partial
        self._remove(job)
        if decoding:
            done = self._step - job.step_at
            job.todo += int(done * job.rate) + 1
            job.left -= done + 1
        job.ready_tokens = 0
        job.preemptions += 1
        self.preemptions += 1
        self.waiting.appendleft(job)

    def _schedule(self, now: float) -> None:
        """Compose the next step, and find how many like it follow."""
        if self._cancelled:
            self._drop_cancelled()
        self._began = now
        admit = True
        cache = self.cache
        if cache.used + self._pending > cache.capacity:
            while self._growth.blocks(self._step + 1) > cache.free:
                cache.trim(cache.capacity)
                self._preempt_last()
                admit = False
        if not self._compose(admit):
            self._active = False
            return
        waits = self.waiting and len(self.running) < self._places
        if not admit:
            self._n = 1  # whoever could not join this step may join the next
        elif self._completing and not waits and self._partial is None:
            self._join_stretch(now)
        self._open = not waits and not self.waiting and self._partial is None
        n, first = self._n, self._first
        self._arm(self._began + n * (first + self._more * (n - 1) / 2))

    def _drop_cancelled(self) -> None:
        for job in self._cancelled:
            if job in self.running:
                self._remove(job)
        self._cancelled.clear()

    def _join_stretch(self, now: float) -> None:
        """Take the composed step at once, and go on with the stretch that follows: one event for both.

        Only where the step surely ends so: nobody ends in it, nobody watches for a first token, memory holds.
        """
        due = self._step + 1
        if (
            (self._ends and self._ends[0][0] <= due)
            or self.cache.used + self._pending > self.cache.capacity
            or any(not job.left or job.on_first is not None for job in self._completing)
        ):  # fmt: skip
            return
        self._began = now + self._first
        self.busy_s += self._first
        self.steps += 1
        self._step = due
        self._kv += self._kv_rate
        self._complete(self._began)
        self._stretch(0, self._ends[0][0] - due)

    def _compose(self, admit: bool) -> bool:
        """Fill `_n`, `_first`, `_more` and `_chunk`; False if there is nothing to do."""
        budget = self._budget - self._decoding * self.cost.decode_tokens
        chunks: list[Chunk] = []
        if (partial := self._partial) is not None and budget > 0:
            rest = partial.todo - self._context
            if rest > budget:
                self._stretch(budget, (rest - 1) // budget)
                return True
            chunks.append((partial, rest, self._context))
            self._completing.append(partial)
            self._partial = None
            budget -= rest
        if admit and self.waiting and self._partial is None:
            self._admit(budget, chunks)
        if len(chunks) == 1 and self._partial is not None:
            (_, chunk, context), *_ = chunks
            self._stretch(chunk, (self._partial.todo - context - 1) // chunk)
        elif chunks:
            self._mixed(chunks)
        elif self._decoding:
            self._stretch(0, self._ends[0][0] - self._step)
        else:
            return False
        return True

    def _admit(self, budget: int, chunks: list[Chunk]) -> None:
        """Take waiting jobs, in order, into this step."""
        while self.waiting and budget > 0 and len(self.running) < self._places:
            job = self.waiting[0]
            matched = self._place(job)
            if matched < 0:
                break
            self.waiting.popleft()
            if job.started_s == NEVER:
                job.started_s = self._began
                job.cached = matched
            context = max(matched, min(job.ready_tokens, job.todo - 1))
            chunk = min(job.todo - context, budget)
            budget -= chunk
            chunks.append((job, chunk, context))
            if context + chunk < job.todo:
                self._partial, self._context = job, context
                self._partial_matched = matched // self.cache.unit_tokens
            else:
                self._completing.append(job)

    def _place(self, job: Job) -> int:
        """Give a job its KV blocks; returns the tokens of its prefix that were here, or -1 if it does not fit."""
        cache, hashes = self.cache, job.hashes
        unit = cache.unit_tokens
        shared = total = kept = 0
        if cache.kept:
            self._trim(self._step + 1)
        if hashes:
            total = min(len(hashes), job.prompt // unit)
            shared = cache.match(hashes, min(total, (job.todo - 1) // unit))
            kept = cache.idle(hashes, shared)
        job.grows = job.rate == 1.0 and not self._reserves
        full = self.blocks(job)
        blocks = -(-job.todo // self._block) if job.grows else full
        unit_blocks = unit // self._block
        new = blocks - shared * unit_blocks + kept
        job.pending = full - blocks
        # What surely fits at full length needs no closer look.
        surely = cache.used + self._pending + new + job.pending <= cache.capacity
        if not surely and new + self._growth.blocks(self._step + 1) > cache.free:
            return -1
        if hashes:
            job.held = cache.hold(hashes, shared, total)
        job.held_blocks = blocks - len(job.held) * unit_blocks
        cache.used += job.held_blocks
        self._pending += job.pending
        self._orders += 1
        job.order = self._orders
        self.running[job] = None
        return shared * unit

    def _trim(self, step: int) -> None:
        """Let kept prefixes go as far as the batch has grown before a step; the cache does not see it grow."""
        self.cache.trim(self.cache.used + self._growth.blocks(step))

    def _mixed(self, chunks: list[Chunk]) -> None:
        """One step that ends or begins some prompts."""
        tokens = self._decoding * self.cost.decode_tokens
        sequences, kv, attention = self._decoding, self._kv + self._kv_rate, 0.0
        for _, chunk, context in chunks:
            tokens += chunk
            sequences += 1
            kv += context + chunk
            attention += chunk * (context + chunk / 2)
        self._n, self._more = 1, 0.0
        seconds = self.cost.seconds(tokens, sequences, kv, attention) + self._masks_s
        self._first = max(seconds, self._overlapped_s)
        # The prompt under way, if there is one, is the last to have been taken in.
        self._chunk = chunks[-1][1] if self._partial is not None else 0

    def _stretch(self, chunk: int, most: int) -> None:
        """Up to `most` steps of the same batch, with `chunk` tokens of the prompt under way in each."""
        cost, context = self.cost, self._context if chunk else 0
        if self._decoding:
            most = min(most, self._ends[0][0] - self._step)
            if self.cache.used + self._pending > self.cache.capacity:
                step = self._step + 1
                free = self.cache.free - self._growth.blocks(step)
                most = 1 + self._growth.steps(step, free, most - 1)
        self._chunk, self._n = chunk, most
        self._more = cost.growth(self._kv_rate, chunk)
        self._first = self._masks_s + cost.seconds(
            self._decoding * cost.decode_tokens + chunk,
            self._decoding + (chunk > 0),
            self._kv + self._kv_rate + context + chunk,
            chunk * (context + chunk / 2),
        )
        if self._overlapped_s > self._first:
            self._hide_behind_masks()

    def _hide_behind_masks(self) -> None:
        """While masks take longer than the chip, they set the pace: until the growing step overtakes them."""
        if self._more > 0.0:
            self._n = min(self._n, int((self._overlapped_s - self._first) / self._more) + 1)
        self._first, self._more = self._overlapped_s, 0.0
