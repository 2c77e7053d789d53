"""A black box keeps its formula, its places, its order and its cold start."""

import statistics
from functools import partial
from typing import Any

import numpy as np
import pytest
import simpy
from pydantic import ValidationError

from commissure.hal.errors import EndpointError, RateLimited, UsageError
from commissure.hal.profiles.profile import load_profile
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.server import Server
from commissure.sim.hosted.latency import Latency
from commissure.sim.hosted.server import HostedServer
from commissure.sim.replay.feed import Feed
from commissure.sim.workload.trace import make_trace
from tests.sim.hosted.bench import ROUND, UNIT, at, profile, serve


def server(env: simpy.Environment, **parts: Any) -> HostedServer:
    return HostedServer(env, "box", profile(**{**ROUND, **parts}), UNIT, seed=1)


def test_latency_is_the_formula() -> None:
    env = simpy.Environment()
    box = server(env, network_s=0.25, hidden_tokens=40)
    prefix = (1, 2, 3)
    first, second = Job(300, 11, prefix), Job(300, 11, prefix)
    serve(env, box, [(0.0, first), (5.0, second)])
    assert first.first_s == pytest.approx(0.25 + 1.0 + 300 * 0.001 + 41 * 0.01)
    assert first.finished_s == pytest.approx(0.25 + 1.0 + 300 * 0.001 + 51 * 0.01)
    # Of a prompt of whole units the last is computed again: its last token must be.
    assert second.cached == 200
    assert second.finished_s - 5 == pytest.approx(0.25 + 1.0 + 100 * 0.001 + 200 * 0.0001 + 51 * 0.01)
    assert box.hidden_tokens == 40
    assert box.busy_s == pytest.approx(first.finished_s + second.finished_s - 5)


@pytest.mark.parametrize("output", [0, 1, 2, 500])
def test_first_token_and_time_per_token_make_up_the_whole(output: int) -> None:
    rates = Latency.of(profile(**ROUND, network_s=0.2, hidden_tokens=7))
    first_s, last_s = rates.seconds(1000, 500, output, factor=1.7)
    assert last_s == pytest.approx(first_s + max(output - 1, 0) * 0.01 * 1.7)
    assert last_s == pytest.approx(0.2 + (1.0 + 1.0 + 0.05 + (7 + output) * 0.01) * 1.7)


def test_a_watched_first_token_is_told_when_it_comes() -> None:
    env = simpy.Environment()
    job = Job(100, 101)
    seen: list[tuple[float, float]] = []
    job.on_first = lambda one: seen.append((env.now, one.first_s))
    serve(env, server(env), [(0.0, job)])
    assert seen == [(job.first_s, job.first_s)]
    assert job.finished_s - job.first_s == pytest.approx(1.0)


def test_a_prefix_is_there_once_its_prompt_was_computed() -> None:
    env = simpy.Environment()
    jobs = [Job(250, 100, (1, 2)) for _ in range(3)]
    serve(env, server(env), [(0.0, jobs[0]), (1.0, jobs[1]), (1.3, jobs[2])])
    assert [job.cached for job in jobs] == [0, 0, 200]


def test_without_a_rate_or_price_of_cached_tokens_nothing_is_reused() -> None:
    env = simpy.Environment()
    box = HostedServer(env, "box", profile(base_s=1.0, output_token_s=0.01), UNIT, seed=1)
    jobs = [Job(250, 1, (1, 2)) for _ in range(2)]
    serve(env, box, [(0.0, jobs[0]), (10.0, jobs[1])])
    assert [job.cached for job in jobs] == [0, 0]


def test_above_the_concurrency_calls_wait_first_come_first_served() -> None:
    env = simpy.Environment()
    dice = np.random.default_rng(5)
    jobs = [(float(when), Job(100, int(size))) for when, size in zip(range(40), dice.integers(1, 900, 40), strict=True)]
    serve(env, server(env, concurrency=3, noise_shape=5), jobs)
    served = [job for _, job in jobs]
    assert [job.started_s for job in served] == sorted(job.started_s for job in served)
    for job in served:
        under_way = sum(one.started_s <= job.started_s < one.finished_s for one in served)
        assert under_way <= 3
        assert job.started_s == job.arrived_s or under_way == 3


def test_a_cold_endpoint_starts_once_for_all_who_wait() -> None:
    env = simpy.Environment()
    box = HostedServer(env, "box", profile(None, {"seconds": 20, "idle_s": 60}, **ROUND), UNIT, seed=1)
    times = (0.0, 5.0, 30.0, 80.0, 150.0)
    jobs = [Job(100, 10) for _ in times]
    serve(env, box, list(zip(times, jobs, strict=True)))
    assert [job.started_s for job in jobs] == [20, 20, 30, 80, 170]
    assert jobs[0].finished_s == pytest.approx(20 + 1.0 + 0.1 + 0.1)


def test_a_call_is_one_event_and_a_start_one_for_all() -> None:
    env = simpy.Environment()
    box = HostedServer(env, "box", profile(None, {"seconds": 20}, **ROUND, concurrency=4), UNIT, seed=1)
    for _ in range(50):
        box.submit(Job(100, 10))
    events = 0
    while env.peek() < float("inf"):
        env.step()
        events += 1
    assert events == 51


def test_without_an_idle_time_only_the_first_call_is_cold() -> None:
    env = simpy.Environment()
    box = HostedServer(env, "box", profile(None, {"seconds": 20}, **ROUND), UNIT, seed=1)
    jobs = [Job(100, 10), Job(100, 10)]
    serve(env, box, [(0.0, jobs[0]), (1e6, jobs[1])])
    assert [job.started_s for job in jobs] == [20, 1e6]


def test_hooks_for_faults() -> None:
    env = simpy.Environment()
    box = server(env)
    box.fault = lambda job: EndpointError("box", "status 500", retryable=True) if job.index == 1 else None
    box.slowdown = 3.0
    good, bad = Job(100, 10, index=0), Job(100, 10, index=1)
    assert serve(env, box, [(0.0, good), (0.0, bad)]) == [bad, good]
    assert isinstance(bad.error, EndpointError)
    assert bad.finished_s == NEVER
    assert good.finished_s == pytest.approx(3 * 1.2)


def test_a_dropped_job_frees_its_place_at_once() -> None:
    env = simpy.Environment()
    box: Server = server(env, concurrency=1)
    jobs = [Job(100, 10) for _ in range(3)]
    at(env, 0.5, lambda: box.cancel(jobs[1]))
    at(env, 0.7, lambda: box.cancel(jobs[0]))
    assert serve(env, box, [(0.0, job) for job in jobs]) == [jobs[2]]
    assert jobs[2].started_s == 0.7
    assert box.busy_s == pytest.approx(0.7 + 1.2)


def test_an_endpoint_that_dies_loses_jobs_and_prefixes_and_may_get_them_again() -> None:
    env = simpy.Environment()
    box = server(env, concurrency=1)
    prefix = (1, 2)
    jobs = [Job(250, 10, prefix) for _ in range(3)]
    seen: list[float] = []
    jobs[1].on_first = lambda job: seen.append(env.now)
    lost: list[Job] = []
    at(env, 2.0, lambda: lost.extend(box.evacuate()))
    for number in range(3):
        at(env, 2.1, partial(lambda which: box.submit(lost[which]), number))
    box.slow(2.0)
    at(env, 1.0, lambda: box.slow(1.0))
    serve(env, box, [(0.0, job) for job in jobs])
    assert lost == jobs
    assert [job.started_s for job in jobs] == pytest.approx([2.1, 2.1 + 1.35, 2.1 + 1.35 + 1.17])
    assert seen == pytest.approx([jobs[1].finished_s - 0.09])


def run_two(order: tuple[str, str], seed: int) -> dict[str, list[float]]:
    env = simpy.Environment()
    boxes = {name: HostedServer(env, name, profile(**ROUND, noise_shape=7.6), UNIT, seed) for name in order}
    jobs: dict[str, list[Job]] = {name: [Job(100, 50) for _ in range(20)] for name in ("a", "b")}
    for number in range(20):
        for name in order:
            boxes[name].submit(jobs[name][number])
    env.run()
    return {name: [job.finished_s for job in jobs[name]] for name in ("a", "b")}


def test_the_same_seed_gives_the_same_bits_whatever_the_order_of_endpoints() -> None:
    assert run_two(("a", "b"), 3) == run_two(("b", "a"), 3)
    assert run_two(("a", "b"), 3) != run_two(("a", "b"), 4)


def test_it_serves_a_trace() -> None:
    prefixes = [(1, 2), (1, 2), (1, 3), (4, 5)]
    trace = make_trace("t", [0.0, 4.0, 8.0, 9.0], [250] * 4, [10] * 4, prefixes=prefixes, unit_tokens=UNIT)
    env = simpy.Environment()
    box = HostedServer(env, "box", profile({"requests_per_minute": 3}, **ROUND), trace.unit_tokens, seed=1)
    arrivals, inputs, outputs = trace.arrival_s.tolist(), trace.input_tokens.tolist(), trace.output_tokens.tolist()
    feed = Feed(env, arrivals, inputs, outputs, trace.prefixes(), lambda number: box.submit)
    feed.start()
    env.run()
    assert feed.cached == [0, 200, 100, 0]
    assert feed.finished_s[0] == pytest.approx(1.0 + 0.25 + 0.1)
    assert feed.ended == 4
    assert isinstance(feed.errors[3], RateLimited)
    assert feed.errors[3].retry_after_s == pytest.approx(11.0)
    assert feed.finished_s[3] == NEVER


def test_opus_takes_what_its_profile_says() -> None:
    env = simpy.Environment()
    opus = load_profile("anthropic-claude-opus-4.5-undisclosed")
    box = HostedServer(env, "opus", opus, 500, seed=11)
    shared = tuple(range(200))
    serve(env, box, [(0.0, Job(100_000, 1, shared))])
    start_s = env.now
    jobs = [Job(150_000, 500, shared) for _ in range(20_000)]
    serve(env, box, [(start_s, job) for job in jobs])
    assert {job.cached for job in jobs} == {100_000}
    formula = 1.17 + 50_000 * 37.2e-6 + 100_000 * 9.6e-6 + 500 * 0.01564
    assert statistics.median(job.finished_s - start_s for job in jobs) == pytest.approx(formula, rel=0.01)


def test_wrong_profiles_are_told() -> None:
    env = simpy.Environment()
    with pytest.raises(UsageError, match=r"no \[hosted\] part"):
        HostedServer(env, "own", load_profile("vllm-llama-3.1-8b-nvidia-h100"), UNIT, seed=1)
    for wrong in ({"concurrency": 0}, {"noise_shape": 0}, {"noise_shape": 5, "session_share": 1.5}):
        with pytest.raises((UsageError, ValidationError), match=next(reversed(wrong))):
            server(env, **wrong)
