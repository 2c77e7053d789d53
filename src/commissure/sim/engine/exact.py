"""The serving engine step by step: one SimPy event an iteration, every sequence looked at. The oracle of the jumps."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import simpy

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.prefix import PrefixCache


@dataclass(slots=True, eq=False)
class Running:
    """A job with what it holds: tokens computed, tokens that a step adds for it, and decode steps taken."""

    job: Job
    computed: int
    target: int
    blocks: int
    matched: int
    decoded: int = 0
    chunk: int = 0
    promised: int = 0
    begun: bool = False

    @property
    def decodes(self) -> bool:
        """Whether its prompt is computed."""
        return self.computed >= self.target

    @property
    def tokens(self) -> float:
        """What it holds in KV memory."""
        return self.computed + self.decoded * self.job.rate


class ExactEngine:
    """The same scheduler as `Engine`, written plainly: O(sequences) a step, O(steps) a call."""

    def __init__(self, env: simpy.Environment, cost: StepCost, settings: EngineSettings, cache: PrefixCache) -> None:
        self.env = env
        self.cost = cost
        self.cache = cache
        self.settings = settings
        self.waiting: deque[Job] = deque()
        self.running: list[Running] = []
        self.preemptions = 0
        self.steps = 0
        self.busy_s = 0.0
        self._active = False
        self._names = 0

    def submit(self, job: Job) -> None:
        """Take a job now."""
        job.arrived_s = self.env.now
        self.waiting.append(job)
        if not self._active:
            self._active = True
            self._step(job.arrived_s)

    def _blocks(self, tokens: float) -> int:
        return -(-int(tokens) // self.settings.block_tokens)

    def _grow(self) -> bool:
        """Find a block for each sequence that needs one; True if nobody had to leave for it."""
        calm = True
        number = 0
        while number < len(self.running):
            one = self.running[number]
            if one.decodes and one.job.grows:
                needed = self._blocks(one.tokens + 1)
                while needed > one.blocks and self.cache.free < 1 and one in self.running:
                    self._preempt(self.running[-1])
                    calm = False
                if one in self.running and needed > one.blocks:
                    self.cache.take(1)
                    one.blocks += 1
            number += 1
        return calm

    def _preempt(self, one: Running) -> None:
        job = one.job
        self._leave(one, computed=one.decodes)
        computed = int(one.tokens) if one.decodes else one.computed if one.begun else 0
        if one.decodes:
            job.todo = min(computed + 1, int(job.todo + job.left * job.rate))
            job.left -= one.decoded + 1
        if self.settings.prefix_caching:
            units = computed // self.cache.unit_tokens
            more = max(0, units - len(job.hashes))
            job.hashes = [*job.hashes, *range(self._names - 1, self._names - 1 - more, -1)]
            self._names -= more
            self.cache.keep(job.hashes[:units])
        job.preemptions += 1
        job.ready_tokens = 0
        self.preemptions += 1
        self.waiting.appendleft(job)

    def _leave(self, one: Running, *, computed: bool) -> None:
        self.running.remove(one)
        units = len(one.job.held) * (self.cache.unit_tokens // self.settings.block_tokens)
        self.cache.give(one.blocks - units)
        if computed:
            self.cache.drop(one.job.held)
        else:
            self.cache.forget(one.job.held, one.matched)
        one.job.held = ()

    def _admit(self, budget: int) -> list[Running]:
        joined = []
        while self.waiting and budget > 0 and len(self.running) < self.settings.max_num_seqs:
            job, cache = self.waiting[0], self.cache
            unit = cache.unit_tokens
            total = min(len(job.hashes), job.todo // unit) if self.settings.prefix_caching else 0
            matched = cache.match(job.hashes, min(total, (job.todo - 1) // unit))
            job.grows = job.rate == 1.0 and self.settings.admission == "grow"
            blocks = self._blocks(job.todo if job.grows else job.todo + job.left * job.rate)
            new = blocks - matched * (unit // self.settings.block_tokens)
            if new + cache.idle(job.hashes, matched) > cache.free:
                break
            job.held = cache.hold(job, matched, total)
            cache.take(blocks - len(job.held) * (unit // self.settings.block_tokens))
            self.waiting.popleft()
            ready = min(job.ready_tokens, job.todo - 1) if matched * unit >= job.ready_from else 0
            context = max(matched * unit, ready)
            if job.started_s == NEVER:
                job.started_s = self.env.now
                job.cached = context
            one = Running(job, context, job.todo, blocks, matched, chunk=min(job.todo - context, budget))
            budget -= one.chunk
            self.running.append(one)
            joined.append(one)
        return joined

    def _step(self, now: float) -> None:
        """Compose a step, and schedule its end."""
        budget = self.settings.max_batched_tokens
        calm = self._grow()
        for one in self.running:
            one.chunk = 0 if one.decodes else -1
            if one.decodes:
                budget -= self.cost.decode_tokens
        for one in self.running:
            if one.chunk < 0:
                one.chunk = one.promised or max(0, min(one.target - one.computed, budget))
                one.promised = 0
                budget -= one.chunk
        ahead = self.settings.schedules_ahead
        if not (ahead and self.running) and calm and self._all_complete():
            self._admit(budget)
        if not self.running:
            self._active = False
            return
        seconds = self._seconds()
        if ahead and calm:
            self._decide()
        self.busy_s += seconds
        wake = simpy.Timeout(self.env, seconds, now + seconds)
        wake.callbacks.append(self._end)

    def _all_complete(self) -> bool:
        return all(one.decodes or one.computed + one.chunk == one.target for one in self.running)

    def _decide(self) -> None:
        """Who joins the next step: its batch is this one without those that end, and with prompts that end now."""
        budget = self.settings.max_batched_tokens
        for one in self.running:
            if one.decodes:
                budget -= self.cost.decode_tokens if one.decoded + 1 < one.job.left else 0
            elif one.computed + one.chunk == one.target:
                budget -= self.cost.decode_tokens if one.job.left else 0
            else:
                budget -= one.target - one.computed - one.chunk
        for one in self._admit(budget):
            one.promised, one.chunk = one.chunk, 0

    def _seconds(self) -> float:
        tokens, sequences, kv, attention, masks, overlapped = 0, 0, 0.0, 0.0, 0.0, 0.0
        once, once_overlapped = 0.0, 0.0
        for one in self.running:
            if one.decodes:
                tokens += self.cost.decode_tokens
                kv += one.tokens + one.job.rate
                masks += 0.0 if one.job.mask_overlaps else one.job.mask_s
                overlapped += one.job.mask_s if one.job.mask_overlaps else 0.0
                once = max(once, 0.0 if one.job.mask_overlaps else one.job.mask_step_s)
                once_overlapped = max(once_overlapped, one.job.mask_step_s if one.job.mask_overlaps else 0.0)
            elif one.chunk:
                tokens += one.chunk
                kv += one.computed + one.chunk
                attention += one.chunk * (one.computed + one.chunk / 2)
            else:
                continue
            sequences += 1
        return max(self.cost.seconds(tokens, sequences, kv, attention) + masks + once, overlapped + once_overlapped)

    def _end(self, event: simpy.Event) -> None:
        now = event._value
        self.steps += 1
        for one in list(self.running):
            if one.decodes:
                one.decoded += 1
                self._emit(one, one.decoded, now)
            elif one.chunk:
                one.computed += one.chunk
                one.begun = True
                if one.decodes:
                    self._emit(one, 0, now)
        self._step(now)

    def _emit(self, one: Running, step: int, now: float) -> None:
        """What this step of its decoding shows; a job that is done leaves."""
        job = one.job
        if job.first_s == NEVER and (step >= job.first_step or step == job.left):
            job.first_s = now
        if step == job.left:
            job.finished_s = now
            self._leave(one, computed=True)
            job.done(job)
