"""A hosted endpoint in virtual time: one SimPy event a call, two if someone watches for its first token."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import simpy

from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.resilience.limits import Amounts, Limiter
from commissure.sim.engine.job import Job
from commissure.sim.hosted.coldstart import Warmth
from commissure.sim.hosted.latency import Latency, reuses_prefixes
from commissure.sim.hosted.noise import Noise
from commissure.sim.hosted.prefixes import KeptPrefixes


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """A job under way: the quota that it took, and when its first visible token comes."""

    job: Job
    asked: Amounts
    first_s: float


class HostedServer:
    """A black box that answers after `Latency` times `Noise`, behind `Limiter`, with `concurrency` calls at a time.

    A call that is refused ends at once with its `error` set. One that is taken waits, first come, first served, for a
    cold start and for a free place. One that is cut short gets no quota back.

    Hooks, which may be set at any time: `fault` says whether a call fails on arrival, before it takes quota;
    `slowdown` multiplies what calls that start from then on take, but for the network; `max_output` is the longest
    answer that a call asked for, where quota is reserved for it.
    """

    def __init__(self, env: simpy.Environment, name: str, profile: Profile, unit_tokens: int, seed: int) -> None:
        hosted = profile.hosted
        if hosted is None:
            raise UsageError(f"endpoint {name!r}: its profile has no [hosted] part, so it is no black box")
        places = value_of(hosted.concurrency, math.inf)
        if places < 1:
            raise UsageError(f"endpoint {name!r}: concurrency must be at least 1, not {places}")
        self.fault: Callable[[Job], Exception | None] | None = None
        self.max_output: Callable[[Job], int] | None = None
        self.slowdown = 1.0
        self._env = env
        self._latency = Latency.of(profile)
        self._limiter = Limiter(name, profile.limits)
        self._warmth = Warmth(profile.cold_start)
        self._prefixes = KeptPrefixes(unit_tokens) if reuses_prefixes(profile) else None
        self._noise: Noise | None = None
        if hosted.noise_shape is not None:
            self._noise = Noise(seed, name, hosted.noise_shape.value, value_of(hosted.session_share))
        self._places = places
        self._waiting: deque[tuple[Job, Amounts]] = deque()
        self._starting = False
        self._under_way: dict[Job, _Call] = {}
        self._worked_s = self._since_s = 0.0

    @property
    def busy_s(self) -> float:
        """Seconds in which at least one call was under way."""
        return self._worked_s + (self._env.now - self._since_s if self._under_way else 0.0)

    @property
    def hidden_tokens(self) -> int:
        """Reasoning tokens of each call, which providers bill as output beside the visible ones."""
        return self._latency.hidden_tokens

    def submit(self, job: Job) -> None:
        """Take a job now; its `done` is called once, when it has ended or with an `error` if it is refused."""
        now = job.arrived_s = self._env.now
        error = self.fault(job) if self.fault is not None else None
        if error is None:
            asked = self._asked(job, now)
            error = self._limiter.take(asked, now)
        if error is not None:
            job.error = error
            job.done(job)
            return
        self._waiting.append((job, asked))
        if self._starting:
            return
        if not self._under_way and self._warmth.cold(now):
            self._starting = True
            self._at(self._warmth.start_s, self._started, None)
            return
        self._begin_waiting()

    def cancel(self, job: Job) -> None:
        """Drop a job that has not ended, at once; its `done` is not called."""
        if job in self._under_way:
            self._leave(job)
            self._begin_waiting()
        else:
            self._waiting = deque(entry for entry in self._waiting if entry[0] is not job)

    def slow(self, factor: float) -> None:
        """Calls that start from now on take `factor` times as long."""
        self.slowdown = factor

    def evacuate(self) -> list[Job]:
        """Lose every job, under way and waiting, and all prefixes; their `done` is not called."""
        lost = [*self._under_way, *(job for job, _ in self._waiting)]
        self._waiting.clear()
        for job in [*self._under_way]:
            self._leave(job)
        if self._prefixes is not None:
            self._prefixes.clear()
        return lost

    def _started(self, event: Any) -> None:
        self._starting = False
        self._warmth.used(self._env.now)
        self._begin_waiting()

    def _begin_waiting(self) -> None:
        while self._waiting and len(self._under_way) < self._places:
            self._begin(*self._waiting.popleft())

    def _begin(self, job: Job, asked: Amounts) -> None:
        now = job.started_s = self._env.now
        if not self._under_way:
            self._since_s = now
        if self._prefixes is not None:
            job.cached = self._prefixes.match(job, now)
        factor = self.slowdown * (self._noise.next(job.tag) if self._noise is not None else 1.0)
        first_s, last_s = self._latency.seconds(job.prompt - job.cached, job.cached, job.output, factor)
        if self._prefixes is not None:
            self._prefixes.learn(job, now + first_s)
        call = self._under_way[job] = _Call(job, asked, now + first_s)
        if job.on_first is not None:
            self._at(first_s, self._show, call)
        self._at(last_s, self._end, call)

    def _show(self, event: Any) -> None:
        call: _Call = event.value
        job = call.job
        if self._under_way.get(job) is call and job.on_first is not None:
            job.first_s = call.first_s
            job.on_first(job)

    def _end(self, event: Any) -> None:
        call: _Call = event.value
        job = call.job
        if self._under_way.get(job) is not call:
            return  # it was dropped, and the job may be here anew
        now = job.finished_s = self._env.now
        job.first_s = call.first_s
        self._leave(job)
        self._limiter.settle(call.asked, self._used(job), now)
        self._begin_waiting()
        job.done(job)

    def _leave(self, job: Job) -> None:
        del self._under_way[job]
        if not self._under_way:
            now = self._env.now
            self._worked_s += now - self._since_s
            self._warmth.used(now)

    def _asked(self, job: Job, now: float) -> Amounts:
        """The quota that a call takes on arrival: its prompt and, where that is reserved, its longest answer."""
        cached = self._prefixes.match(job, now) if self._prefixes is not None else 0
        answer = 0
        if self._limiter.reserves_output:
            longest = self.max_output(job) if self.max_output is not None else job.longest
            answer = max(longest, self.hidden_tokens + job.output)
        return Amounts(1, job.prompt + answer, job.prompt - cached)

    def _used(self, job: Job) -> Amounts:
        return Amounts(1, job.prompt + self.hidden_tokens + job.output, job.prompt - job.cached)

    def _at(self, delay_s: float, then: Callable[[Any], None], value: object) -> None:
        simpy.Timeout(self._env, delay_s, value).callbacks.append(then)
