"""Engines for tests: how to build one and run a list of jobs on it, and random programs of such jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import simpy
from hypothesis import strategies as st

from commissure.hal.profiles.model import Experts
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.profiles.serving import EngineSettings, SpeculativeDecoding
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.exact import ExactEngine
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache

ZERO = dict.fromkeys(
    ("fixed_s", "token_s", "sequence_s", "kv_token_s", "attention_s", "experts_s", "hidden_tokens", "call_s"), 0.0
)
EngineKind = type[Engine] | type[ExactEngine]


def quantity(value: float) -> Quantity:
    return Quantity(value=value, source="a test", as_of=date(2026, 1, 1))


def experts(count: int, active: int) -> Experts:
    return Experts(experts=quantity(count), active=quantity(active))


@dataclass(frozen=True)
class Ask:
    """One call of a program; `then` calls follow it, each when the one before has ended."""

    at_s: float
    prompt: int
    output: int
    hashes: tuple[int, ...] = ()
    ready_tokens: int = 0
    mask_s: float = 0.0
    mask_overlaps: bool = False
    mask_step_s: float = 0.0
    steps: int | None = None
    first_step: int = 0
    then: tuple[Ask, ...] = ()

    def job(self, index: int = 0) -> Job:
        job = Job(self.prompt, self.output, self.hashes, index=index, ready_tokens=self.ready_tokens)
        job.mask_s, job.mask_overlaps, job.mask_step_s = self.mask_s, self.mask_overlaps, self.mask_step_s
        if self.steps is not None:
            job.left, job.rate = self.steps, (self.output - 1) / self.steps
        job.first_step = min(self.first_step, job.left)
        return job


@dataclass(frozen=True)
class Program:
    """An engine and what is asked of it."""

    asks: tuple[Ask, ...]
    values: dict[str, float]
    settings: EngineSettings = field(default_factory=EngineSettings)
    capacity: float = math.inf
    unit_tokens: int = 16
    experts: Experts | None = None


@dataclass
class Outcome:
    """Jobs in order of submission, and the engine as it is at the end."""

    jobs: list[Job]
    engine: Engine | ExactEngine
    events: int


def build(kind: EngineKind, env: simpy.Environment, program: Program) -> Engine | ExactEngine:
    settings = program.settings
    cache = PrefixCache(program.capacity, settings.block_tokens, program.unit_tokens)
    return kind(env, StepCost(program.values, settings, program.experts), settings, cache)


def serve(program: Program, kind: EngineKind = Engine) -> Outcome:
    """Run a program to its end. `jobs` are in the program's order, followers behind their call."""
    env = simpy.Environment()
    engine = build(kind, env, program)
    jobs: list[Job] = []

    def send(job: Job, then: Sequence[Job]) -> None:
        if then:
            job.done = lambda _: send(then[0], then[1:])
        engine.submit(job)

    for ask in program.asks:
        chain = [one.job(len(jobs) + place) for place, one in enumerate((ask, *ask.then))]
        jobs += chain

        def arrive(event: simpy.Event, chain: list[Job] = chain) -> None:
            send(chain[0], chain[1:])

        simpy.Timeout(env, ask.at_s).callbacks.append(arrive)
    events = 0
    while env.peek() < math.inf:
        env.step()
        events += 1
    return Outcome(jobs, engine, events)


def times(jobs: Sequence[Job]) -> list[tuple[float, float, float]]:
    return [(job.started_s, job.first_s, job.finished_s) for job in jobs]


@st.composite
def programs(draw: st.DrawFn, most: int = 24, *, tight: bool = False) -> Program:
    """Programs whose every job fits the engine's memory alone, and whose every step takes time.

    Arrivals fall together with each other, or with the end of a call, but with no other end of a step: who is first
    at such an instant is a matter of SimPy's order of events, and not of the engine. `tight`: memory holds hardly
    more than the longest job, and everybody comes soon.
    """
    block = draw(st.sampled_from([1, 4, 16]))
    unit = block * draw(st.sampled_from([1, 2]))
    longest = draw(st.sampled_from([30, 120, 400]))
    least = -(-longest // block) + 1
    roomy = st.just(math.inf) | st.integers(least, 2 * least) | st.integers(2 * least, 8 * least)
    capacity = draw(st.integers(least, least + 3) if tight else roomy)
    draft = draw(st.none() | st.builds(
        SpeculativeDecoding, draft_tokens=st.integers(1, 3), acceptance=st.just(0.5),
        step_factor=st.sampled_from([1.0, 1.37])))  # fmt: skip
    places = draw(st.sampled_from([3, 8, 32] if tight else [1, 2, 3, 8, 32]))
    ahead = draw(st.booleans())
    # Scheduling ahead, the budget is not to be used up by decoding alone: see the test of who joins then.
    decoding = places * (draft.draft_tokens + 1 if draft and ahead else 1)
    settings = EngineSettings(
        max_num_seqs=places,
        max_batched_tokens=max(decoding, draw(st.sampled_from([8, 16, 50, 64, 300, 8192]))),
        block_tokens=block,
        admission="grow" if tight else draw(st.sampled_from(["grow", "grow", "reserve"])),
        schedules_ahead=ahead,
        prefix_caching=draw(st.booleans()),
        speculative=draft,
    )
    mixture = draw(st.none() | st.just(experts(128, 8)) | st.just(experts(8, 1)))
    values = ZERO | {
        "token_s": draw(st.sampled_from([0.0, 1.07e-5, 1.3e-3])),
        "sequence_s": draw(st.sampled_from([0.0, 1.13e-5, 1.1e-3])),
        "kv_token_s": draw(st.sampled_from([0.0, 4.3e-8, 1.7e-5])),
        "attention_s": draw(st.sampled_from([0.0, 3.1e-9, 2.3e-6])),
        "experts_s": draw(st.sampled_from([0.0, 0.0191])),
        "hidden_tokens": draw(st.sampled_from([0.0, 3.0, 100.0])),
    }
    slow = values["sequence_s"] > 0.0 or (mixture is not None and values["experts_s"] > 0.0)
    values["fixed_s"] = draw(st.sampled_from([0.0, 0.00513, 0.0211] if slow else [0.00513, 0.0211]))
    at_s = 0.0
    asks: list[Ask] = []
    pace = draw(st.sampled_from([1] if tight else [1, 10, 100]))
    for number in range(draw(st.integers(1, most))):
        gap = draw(st.just(0) | st.integers(1, 30))
        if gap:
            at_s += gap * pace * 1.37e-3 + (number + 1) * 1.41421356e-7
        then = tuple(_ask(draw, 0.0, longest, unit) for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))))
        one = _ask(draw, at_s, longest, unit)
        asks.append(Ask(**{**one.__dict__, "then": then}))
    return Program(tuple(asks), values, settings, capacity, unit, mixture)


def _ask(draw: st.DrawFn, at_s: float, longest: int, unit: int) -> Ask:
    prompt = draw(st.integers(1, longest - 1))
    output = draw(st.just(1) | st.integers(1, longest - prompt))
    more: dict[str, Any] = {}
    kind = draw(st.sampled_from(["plain", "plain", "prefix", "prefix", "ready", "mask", "rate", "first"]))
    if kind == "prefix":
        # Three families of prompts: units are named by family and depth, so that any two share what both have.
        family = draw(st.integers(1, 3))
        more["hashes"] = tuple(family * 10_000 + depth for depth in range(draw(st.integers(1, prompt)) // unit))
    elif kind == "ready":
        more["ready_tokens"] = draw(st.integers(1, prompt + 5))
    elif kind == "mask":
        more["mask_s"] = draw(st.sampled_from([1.09e-4, 0.0173]))
        more["mask_overlaps"] = draw(st.booleans())
        more["mask_step_s"] = draw(st.sampled_from([0.0, 2.5e-4, 0.011]))
    elif kind == "rate" and output > 2:
        more["steps"] = draw(st.integers(1, output - 1))
        more["first_step"] = draw(st.integers(0, 3))
    elif kind == "first":
        more["first_step"] = draw(st.integers(1, 5))
    return Ask(at_s, prompt, output, **more)
