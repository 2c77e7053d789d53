"""What an engine must keep, whatever is done to it and when: jobs, tokens, KV blocks and time."""

import math
from itertools import pairwise
from typing import Any

import simpy
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.jump import Engine
from tests.support.engines import ZERO, Program, build

# Instants are sums of steps in one order or another.
ROUNDING_S = 1e-9
LONGEST = 60
STEP = ZERO | {"fixed_s": 0.0103, "token_s": 1.7e-4, "kv_token_s": 1.9e-6, "attention_s": 1.1e-7}


class EngineMachine(RuleBasedStateMachine):
    """Submits, cancels, slows, loses and waits; the books must balance after each."""

    @initialize(
        block=st.sampled_from([1, 4, 8]), units=st.sampled_from([1, 2]), room=st.sampled_from([1, 2, 4, 100]),
        places=st.sampled_from([1, 3, 16]), budget=st.sampled_from([16, 64]),
        admission=st.sampled_from(["grow", "grow", "reserve"]), ahead=st.booleans(), keeps=st.booleans(),
    )  # fmt: skip
    def start(
        self, block: int, units: int, room: int, places: int, budget: int, admission: Any, ahead: bool, keeps: bool
    ) -> None:
        self.block, self.unit_blocks = block, units
        self.settings = EngineSettings(
            max_num_seqs=places, max_batched_tokens=budget, block_tokens=block, admission=admission,
            schedules_ahead=ahead, prefix_caching=keeps,
        )  # fmt: skip
        self.env = simpy.Environment()
        capacity = (-(-LONGEST // block) + 1) * room
        engine = build(Engine, self.env, Program((), STEP, self.settings, capacity, unit_tokens=block * units))
        assert isinstance(engine, Engine)
        self.engine = engine
        self.submitted: list[Job] = []
        self.ended: list[Job] = []
        self.lost: list[Job] = []
        self.cancelled: dict[Job, float] = {}
        self.latest_s = 0.0

    @rule(
        prompt=st.integers(1, LONGEST - 1), share=st.integers(0, 100), watched=st.booleans(), family=st.integers(0, 2)
    )
    def submit(self, prompt: int, share: int, watched: bool, family: int) -> None:
        output = 1 + (LONGEST - prompt - 1) * share // 100
        units = prompt // (self.block * self.unit_blocks)
        job = Job(
            prompt, output, [family * 1000 + depth for depth in range(units)] if family else (), self._done,
            index=len(self.submitted),
        )  # fmt: skip
        if watched:
            job.on_first = self._first
        self.submitted.append(job)
        self.engine.submit(job)

    @precondition(lambda self: self.submitted)
    @rule(number=st.integers(0, 10_000))
    def cancel(self, number: int) -> None:
        job = self.submitted[number % len(self.submitted)]
        runs = job in self.engine.running
        if runs or job in self.engine.waiting:
            self.cancelled.setdefault(job, self.engine.step_end() if runs else self.env.now)
        self.engine.cancel(job)

    @rule(factor=st.sampled_from([0.5, 1.0, 3.0]))
    def slow(self, factor: float) -> None:
        self.engine.slow(factor)

    @rule(seconds=st.sampled_from([0.001, 0.0237, 0.3, 2.0]))
    def wait(self, seconds: float) -> None:
        self.env.run(until=self.env.now + seconds)

    @rule()
    def finish(self) -> None:
        self.env.run()
        self._empty()

    @rule()
    def evacuate(self) -> None:
        under_way = [*self.engine.running, *self.engine.waiting]
        expected = [job for job in under_way if job not in self.cancelled]
        assert self.engine.evacuate() == expected
        self.lost += expected
        self._empty()

    @invariant()
    def every_job_is_in_one_place(self) -> None:
        gone = [job for job in self.cancelled if self._gone(job)]
        places = [self.engine.running, self.engine.waiting, self.ended, self.lost, gone]
        found = [job for place in places for job in place]
        assert len(found) == len(set(found))
        assert set(found) == set(self.submitted)

    @invariant()
    def a_cancelled_job_leaves_by_the_end_of_the_step(self) -> None:
        for job, by_s in self.cancelled.items():
            if self.env.now > by_s + ROUNDING_S and job not in self.lost:
                assert job not in self.engine.running
                assert job not in self.engine.waiting

    @invariant()
    def blocks_in_use_are_those_that_the_jobs_hold(self) -> None:
        engine = self.engine
        cache, batch = engine.memory.cache, engine.batch
        for step in range(batch.step, batch.step + engine._stretch.n + 1):
            held = {unit for job in engine.running for unit in job.held}
            own = sum(self._blocks(job, step) - len(job.held) * self.unit_blocks for job in engine.running)
            used = cache.used + batch.growth.blocks(step)
            assert used == own + len(held) * self.unit_blocks
            assert used <= cache.capacity

    @invariant()
    def places_are_not_exceeded(self) -> None:
        assert len(self.engine.running) <= self.settings.max_num_seqs

    @invariant()
    def times_are_in_order(self) -> None:
        assert self.env.now >= self.latest_s
        self.latest_s = self.env.now
        for job in self.submitted:
            known = [one for one in (job.arrived_s, job.started_s, job.first_s, job.finished_s) if one != NEVER]
            assert all(one <= other + ROUNDING_S for one, other in pairwise(known))
            assert job.finished_s <= self.env.now + ROUNDING_S

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        self.finish()
        assert all(job in self.ended for job in self.submitted if job not in self.lost and job not in self.cancelled)

    def _done(self, job: Job) -> None:
        assert job not in self.ended
        self.ended.append(job)
        # The answer's tokens: those said before a preemption, now part of what was computed, one by the prompt's last
        # step, one by each step since.
        decoded = self.engine.batch.step - job.step_at if job.left else 0
        assert job.todo - job.prompt + 1 + decoded == job.output
        assert job.first_s >= job.started_s - ROUNDING_S

    def _first(self, job: Job) -> None:
        assert math.isclose(job.first_s, self.env.now, abs_tol=ROUNDING_S)

    def _gone(self, job: Job) -> bool:
        engine = self.engine
        return all(job not in place for place in (engine.running, engine.waiting, self.ended, self.lost))

    def _blocks(self, job: Job, step: int) -> int:
        """KV blocks of a running job before a step, from its own fields."""
        tokens = job.todo
        if not job.grows:
            tokens = job.prompt + job.output - 1
        elif self._decodes(job):
            tokens += step - job.step_at
        return -(-tokens // self.block)

    def _decodes(self, job: Job) -> bool:
        engine = self.engine
        computing = [engine._partial, *engine._completing, *(one for one, _, _ in engine._joining)]
        return job not in computing

    def _empty(self) -> None:
        engine = self.engine
        assert not engine.running
        assert not engine.waiting
        assert engine.memory.cache.used == 0
        assert engine.memory.roomy
        assert engine.batch.growth.blocks(engine.batch.step + 100) == 0
        assert (engine.batch.count, engine.batch.kv, engine.batch.rate) == (0, 0.0, 0.0)


TestEngine = EngineMachine.TestCase
TestEngine.settings = settings(
    max_examples=400, stateful_step_count=40, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
