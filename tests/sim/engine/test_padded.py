"""Static shapes: what a step costs depends on the bucket and on nothing else, and a prompt is computed alone."""

from dataclasses import dataclass
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import EndpointError
from commissure.hal.profiles.serving import Buckets, EngineSettings
from commissure.sim.engine.cost import PaddedCost
from commissure.sim.engine.job import Job
from commissure.sim.engine.padded import PaddedEngine
from commissure.sim.engine.prefix import PrefixCache
from tests.support.engines import ZERO

BLOCK = 4
VALUES = ZERO | {
    "fixed_s": 1.0, "token_s": 0.01, "sequence_s": 0.1, "kv_token_s": 0.001, "attention_s": 0.0001,
}  # fmt: skip


def engine(
    env: simpy.Environment, buckets: tuple[int, ...], batch: int, blocks: float = float("inf"), **more: Any
) -> PaddedEngine:
    chosen = EngineSettings(
        buckets=Buckets(context_tokens=buckets, batch=batch), block_tokens=BLOCK, **{"max_num_seqs": 64} | more
    )
    cost = PaddedCost(VALUES, chosen)
    return PaddedEngine(env, cost, chosen, PrefixCache(blocks, BLOCK, BLOCK), "static")


def serve(asks: list[tuple[float, int, int]], buckets: tuple[int, ...], batch: int, **more: Any) -> list[Job]:
    env = simpy.Environment()
    one = engine(env, buckets, batch, **more)
    jobs = [Job(prompt, output) for _, prompt, output in asks]
    for (at_s, *_), job in zip(asks, jobs, strict=True):
        simpy.Timeout(env, at_s, job).callbacks.append(lambda event: one.submit(event.value))
    env.run()
    return jobs


def prefill_s(size: int) -> float:
    return 1.0 + 0.01 * size + 0.1 + 0.001 * size + 0.0001 * size * size / 2


def decode_s(size: int, batch: int) -> float:
    return 1.0 + 0.01 * batch + 0.1 * batch + 0.001 * batch * size


def test_one_call_by_hand() -> None:
    (job,) = serve([(0, 7, 4)], (8, 16), 2)
    # The prompt in the bucket of 8: 1 + 0.08 + 0.1 + 0.008 + 0.0032. The second token reads 8, the others 9 and 10:
    # 1 + 0.02 + 0.2 + 0.002 x 8, and twice with 16 in place of 8.
    assert job.first_s == pytest.approx(1.1912)
    assert job.finished_s == pytest.approx(1.1912 + 1.236 + 2 * 1.252)


def test_the_first_token_steps_with_the_bucket() -> None:
    first = {prompt: serve([(0, prompt, 1)], (8, 16, 32), 4)[0].first_s for prompt in range(1, 32)}
    for prompt, seconds in first.items():
        size = next(size for size in (8, 16, 32) if prompt <= size)
        assert seconds == pytest.approx(prefill_s(size))
    assert len(set(first.values())) == 3


@pytest.mark.parametrize(
    ("prompt", "sizes"), [(3, [8] * 4), (6, [8, 8, 16, 16]), (8, [16] * 4), (14, [16, 16, 32, 32])]
)
def test_a_step_reads_the_bucket_of_the_longest_context(prompt: int, sizes: list[int]) -> None:
    (job,) = serve([(0, prompt, 5)], (8, 16, 32), 4)
    assert job.finished_s - job.first_s == pytest.approx(sum(decode_s(size, 4) for size in sizes))


def test_a_step_costs_the_whole_batch_however_few_decode() -> None:
    alone = serve([(0, 4, 6)], (64,), 4)[0]
    crowd = serve([(0, 4, 6)] * 4, (64,), 4)
    assert alone.finished_s - alone.first_s == pytest.approx(5 * decode_s(64, 4))
    assert crowd[-1].finished_s - crowd[-1].first_s == pytest.approx(5 * decode_s(64, 4))


def test_prompts_are_computed_alone_while_others_wait() -> None:
    first, second = serve([(0, 4, 4), (1.0, 4, 1)], (8,), 2)
    # At 1.1912 the first has its token; the prompt that came meanwhile goes before its next one.
    assert second.first_s == pytest.approx(2 * prefill_s(8))
    assert first.finished_s == pytest.approx(2 * prefill_s(8) + 3 * decode_s(8, 2))


def test_an_arrival_waits_for_the_step_in_progress_only() -> None:
    at_s = prefill_s(32) + 1.5 * decode_s(32, 2)
    first, second = serve([(0, 4, 20), (at_s, 4, 1)], (32,), 2)
    assert second.started_s == pytest.approx(prefill_s(32) + 2 * decode_s(32, 2))
    assert first.finished_s == pytest.approx(2 * prefill_s(32) + 19 * decode_s(32, 2))


def test_a_state_that_came_from_elsewhere_is_not_computed_again() -> None:
    env = simpy.Environment()
    job = Job(30, 1, ready_tokens=29)
    engine(env, (8, 32), 2).submit(job)
    env.run()
    assert job.first_s == pytest.approx(prefill_s(8))
    assert job.cached == 29


def test_the_batch_has_its_places() -> None:
    jobs = serve([(0, 4, 3)] * 3, (8,), 2)
    ends_s = 2 * prefill_s(8) + 2 * decode_s(8, 2)
    assert [job.started_s for job in jobs] == pytest.approx([0, prefill_s(8), ends_s])


def test_fewer_sequences_than_the_batch_can_be_allowed() -> None:
    jobs = serve([(0, 4, 3)] * 2, (8,), 4, max_num_seqs=1)
    assert jobs[1].started_s == pytest.approx(jobs[0].finished_s)


@pytest.mark.parametrize(("prompt", "output", "fits"), [(10, 6, True), (10, 7, False), (17, 1, False), (1, 15, True)])
def test_what_no_bucket_holds_is_refused(prompt: int, output: int, fits: bool) -> None:
    (job,) = serve([(0, prompt, output)], (8, 16), 2)
    assert (job.error is None) is fits
    if not fits:
        assert isinstance(job.error, EndpointError)
        assert job.error.endpoint == "static"
        assert not job.error.retryable
        assert f"{prompt} tokens in and {output} out" in str(job.error)


@dataclass
class Sequence:
    """One call in the reference."""

    number: int
    held: int
    left: int


def reference(asks: list[tuple[float, int, int]], buckets: tuple[int, ...], batch: int) -> list[tuple[float, ...]]:
    """Step by step: start, first token and end of each call, in order of arrival; memory does not limit."""
    times = [[0.0, 0.0, 0.0] for _ in asks]
    waiting = [(at_s, number, prompt, output) for number, (at_s, prompt, output) in enumerate(asks)]
    running: list[Sequence] = []
    now = 0.0

    def size(tokens: int) -> int:
        return next(size for size in buckets if tokens <= size)

    while waiting or running:
        if not running and waiting[0][0] > now:
            now = waiting[0][0]
        if waiting and waiting[0][0] <= now and len(running) < batch:
            _, number, prompt, output = waiting.pop(0)
            times[number][0] = now
            now += prefill_s(size(prompt))
            times[number][1] = now
            running.append(Sequence(number, prompt, output - 1))
        else:
            now += decode_s(size(max(one.held for one in running) + 1), batch)
            for one in running:
                one.held, one.left = one.held + 1, one.left - 1
        for one in running:
            if one.left == 0:
                times[one.number][2] = now
        running = [one for one in running if one.left]
    return [tuple(row) for row in times]


ASKS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50), st.integers(1, 14)), min_size=1, max_size=25)


@settings(derandomize=True, max_examples=300)
@given(ASKS, st.sampled_from([(64,), (8, 16, 32, 64), (5, 17, 33, 64)]), st.integers(1, 5))
def test_the_engine_agrees_with_a_reference_that_takes_every_step(
    asks: list[tuple[int, int, int]], buckets: tuple[int, ...], batch: int
) -> None:
    # Times that no step ends at, in order.
    timed = sorted((at / 7 + n * 1.234567e-5, prompt, output) for n, (at, prompt, output) in enumerate(asks))
    jobs = serve(timed, buckets, batch)
    found = [value for job in jobs for value in (job.started_s, job.first_s, job.finished_s)]
    expected = [value for row in reference(timed, buckets, batch) for value in row]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(derandomize=True)
@given(ASKS, st.integers(16, 30))
def test_when_memory_is_short_every_call_still_ends(asks: list[tuple[int, int, int]], blocks: int) -> None:
    env = simpy.Environment()
    one = engine(env, (16, 64), 4, blocks)
    ended: list[Job] = []
    jobs = [Job(prompt, output, done=ended.append) for _, prompt, output in asks]
    for (at_s, *_), job in zip(asks, jobs, strict=True):
        simpy.Timeout(env, at_s / 7, job).callbacks.append(lambda event: one.submit(event.value))
    while env.peek() < float("inf"):
        env.step()
        assert one.memory.cache.used <= blocks
    assert sorted(map(id, ended)) == sorted(map(id, jobs))
    assert all(job.error is None and job.first_s <= job.finished_s for job in jobs)
    assert one.memory.cache.used == 0
