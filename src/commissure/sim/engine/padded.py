"""The engine on static shapes, as compiled for AWS Neuron: latency is a step function of the buckets.

A prompt is computed alone, padded to its bucket, while the others wait; a decode step costs the full batch at the
bucket of the longest context in it.
"""

from __future__ import annotations

from heapq import heappop, heappush

import simpy

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import PaddedCost
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache


class PaddedEngine(Engine):
    """`batch` places, whole prompts, no chunks; of a prompt only what comes from elsewhere is not computed."""

    def __init__(
        self,
        env: simpy.Environment,
        cost: PaddedCost,
        settings: EngineSettings,
        cache: PrefixCache,
        name: str = "engine",
    ) -> None:
        super().__init__(env, cost, settings.model_copy(update={"prefix_caching": False}), cache, name)
        assert settings.buckets is not None
        self._padded = cost
        self._places = min(self._places, settings.buckets.batch)
        # Sequences by what they held before step 0, longest first; those of jobs that left are stale.
        self._longest: list[tuple[float, int, Job]] = []

    def fits(self, job: Job) -> bool:
        """As `Engine.fits`, in the largest compiled size."""
        return job.prompt + job.output <= self._padded.largest and super().fits(job)

    def _compose(self, calm: bool) -> bool:
        stretch = self._stretch
        stretch.more_s = 0.0
        if calm and self.waiting and len(self.running) < self._places:
            job = self.waiting[0]
            if self.memory.place(job, self.batch.step) >= 0:
                self.waiting.popleft()
                self._begin(job)
                self._decodes = False
                stretch.n, stretch.first_s = 1, self._padded.prefill(job.todo - job.cached)
                return True
        self._decodes = True
        if not self.batch.count:
            return False
        longest = int(self._longest_context())
        stretch.first_s = self._padded.decode(longest + 1) + self.batch.masks_s
        same_bucket = self._padded.bucket(longest + 1) - longest
        stretch.n = self.memory.steps(self.batch.step, min(same_bucket, self.batch.steps_left()))
        stretch.keep_pace(self.batch.overlapped_s)
        return True

    def _begin(self, job: Job) -> None:
        self._orders += 1
        job.order = self._orders
        self.running[job] = None
        if job.started_s == NEVER:
            job.started_s = self._stretch.began_s
        job.cached = min(job.ready_tokens, job.todo - 1)
        self._completing.append(job)

    def _complete(self, now: float) -> None:
        for job in self._completing:
            if job.left:
                heappush(self._longest, (self.batch.step - job.todo, job.order, job))
        super()._complete(now)

    def _longest_context(self) -> float:
        longest = self._longest
        while longest[0][2].order != longest[0][1]:
            heappop(longest)
        return self.batch.step - longest[0][0]
