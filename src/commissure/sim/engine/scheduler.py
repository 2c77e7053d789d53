"""What a step of the engine does: who decodes, whose prompt is computed, who joins."""

from __future__ import annotations

from collections import deque

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.batch import Batch
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.memory import Memory
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.engine.stretch import Stretch

# A job, and the tokens of its prompt that a step computes behind those that are there.
Chunk = tuple[Job, int, int]


class Scheduler:
    """Continuous batching with chunked prefill, first come, first served, as vLLM's V1 scheduler does it.

    A step takes every decoding sequence, then the prompt under way, then waiting ones while token budget, places
    and KV blocks last. At most one prompt is partly computed at a step's end: it took the rest of the budget. An
    engine that schedules ahead decides who joins a step when the step before it begins.
    """

    def __init__(self, cost: StepCost, settings: EngineSettings, cache: PrefixCache) -> None:
        self.cost = cost
        self.waiting: deque[Job] = deque()
        self.running: dict[Job, None] = {}
        self.batch = Batch(settings.block_tokens)
        self.memory = Memory(cache, self.batch.growth, settings)
        self._places: int = settings.max_num_seqs
        self.budget: int = settings.max_batched_tokens
        self._ahead: bool = settings.schedules_ahead
        self._orders = 0
        # The prompt under way: tokens computed so far; those that this step completes; those that join the next.
        self._partial: Job | None = None
        self._context = 0
        self._completing: list[Job] = []
        self._joining: list[Chunk] = []
        # The steps under way, with `_chunk` tokens of the prompt under way in each.
        self._stretch = Stretch()
        self._chunk = 0

    @property
    def full(self) -> bool:
        """Whether every place is taken."""
        return len(self.running) >= self._places

    def _compose(self, calm: bool) -> bool:
        """Fill the stretch; False if there is nothing to do."""
        budget = self.budget - self.batch.count * self.cost.decode_tokens
        chunks: list[Chunk] = []
        partial = self._partial
        if partial is not None and budget > 0:
            rest = partial.todo - self._context
            if rest > budget:
                self._repeat(budget, (rest - 1) // budget)
                return self._decided(calm)
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
        if len(chunks) == 1 and self._partial is not None:
            (_, chunk, context), *_ = chunks
            self._repeat(chunk, (self._partial.todo - context - 1) // chunk)
        elif chunks:
            self._mixed(chunks)
        elif self.batch.count:
            self._repeat(0, self.batch.steps_left())
        else:
            return False
        return self._decided(calm)

    def _decided(self, calm: bool) -> bool:
        """Scheduling ahead: choose who joins the next step, and be back when the last step of the stretch begins."""
        if not self._ahead:
            return True
        batch, partial = self.batch, self._partial
        hope = self.waiting and len(self.running) < self._places
        if hope and calm:
            rest = 0 if partial is None else partial.todo - self._context - self._chunk
            decoding = batch.count - batch.ending() + sum(1 for job in self._completing if job.left)
            self._joining = self._admit(self.budget - decoding * self.cost.decode_tokens - rest)
        if (hope or partial is not None) and self._stretch.n > 1:
            self._stretch.n -= 1
        return True

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
            context = matched
            if job.ready_tokens and matched >= job.ready_from:
                context = max(matched, min(job.ready_tokens, job.todo - 1))
            if job.started_s == NEVER:
                job.started_s = self._stretch.began_s
                job.cached = context
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
        stretch = self._stretch
        stretch.n, stretch.more_s = 1, 0.0
        stretch.first_s = self.cost.seconds(tokens, sequences, kv, attention) + batch.masks_s
        stretch.keep_pace(batch.overlapped_s)
        # The prompt under way, if there is one, is the last to have been taken in.
        self._chunk = chunks[-1][1] if self._partial is not None else 0

    def _repeat(self, chunk: int, most: int) -> None:
        """Up to `most` steps of the same batch, with `chunk` tokens of the prompt under way in each."""
        batch, cost, stretch = self.batch, self.cost, self._stretch
        context = self._context if chunk else 0
        if batch.count:
            left = batch.steps_left()
            most = self.memory.steps(batch.step, left if left < most else most)
        self._chunk, stretch.n = chunk, most
        stretch.more_s = cost.growth(batch.rate, chunk)
        stretch.first_s = batch.masks_s + cost.seconds(
            batch.count * cost.decode_tokens + chunk,
            batch.count + (chunk > 0),
            batch.kv + batch.rate + context + chunk,
            chunk * (context + chunk / 2),
        )
        stretch.keep_pace(batch.overlapped_s)
