"""What a prompt would take on an engine, were it sent there now: expected seconds from the engine's step times."""

from __future__ import annotations

import math
from dataclasses import dataclass

from commissure.hal.profiles.profile import Profile
from commissure.sim.engine.cost import PaddedCost
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.server import Server
from commissure.sim.topology.ahead import Kept
from commissure.sim.topology.replicas import Replicas


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds to compute what is not there, to bring up what stands in a tier, and until the engine gets to it."""

    prefill_s: float
    load_s: float
    queue_s: float


@dataclass(frozen=True, slots=True)
class Pool:
    """Engines that compute prompts behind one server: one, or replicas. A call has room for `room_tokens`."""

    server: Server
    engines: tuple[Kept, ...]
    profile: Profile
    room_tokens: float

    def next(self) -> Kept:
        """The engine that would get a call now."""
        return self.engines[self.server.next if isinstance(self.server, Replicas) else 0]

    def fits(self, job: Job) -> bool:
        """Whether it can ever hold the job."""
        return self.next().engine.fits(job)

    def usd(self, seconds: float) -> float:
        """The hire of one engine's chips for so long; infinite where it is not known."""
        price = self.profile.usd_per_hour
        return math.inf if price is None else price.value * seconds / 3600

    def expected(self, job: Job) -> Expected:
        """Of a job that would come now."""
        kept = self.next()
        engine, load_s = kept.engine, 0.0
        cache = engine.memory.cache
        units = cache.match(job.hashes, min(len(job.hashes), (job.todo - 1) // cache.unit_tokens))
        if kept.tiered is not None:
            units, found = kept.tiered.found(job)
            load_s = kept.tiered.wait_s(found)
            units += len(found)
        cached = units * cache.unit_tokens
        return Expected(prefill_s(engine, job.todo - cached, cached), load_s, backlog_s(engine))


def prefill_s(engine: Engine, tokens: int, context: int = 0) -> float:
    """To compute so many tokens behind a context, in chunks of the step's budget, beside those that decode now."""
    cost, batch = engine.cost, engine.batch
    if isinstance(cost, PaddedCost):
        return cost.prefill(tokens)
    decoding = batch.count * cost.decode_tokens
    budget = max(1, engine.budget - decoding)
    total = 0.0
    while tokens > 0:
        chunk = min(tokens, budget)
        kv = batch.kv + context + chunk
        total += cost.seconds(decoding + chunk, batch.count + 1, kv, chunk * (context + chunk / 2))
        tokens -= chunk
        context += chunk
    return total


def backlog_s(engine: Engine) -> float:
    """Until the engine gets to a call that comes now: the step in progress, the prompt under way, those that wait.

    Where every place is taken, a sequence must end first. That memory will be short is not foreseen.
    """
    total = engine.step_end() - float(engine.env.now)
    total += sum(prefill_s(engine, *left) for left in engine.prompts_left())
    batch, cost = engine.batch, engine.cost
    if engine.full and batch.count:
        step_s = cost.seconds(batch.count * cost.decode_tokens, batch.count, batch.kv, 0.0)
        total = max(total, batch.steps_left() * step_s)
    return total
