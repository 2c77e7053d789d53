"""Rate limits as a served call meets them: refusals name their limit, and quota is reserved and given back."""

from typing import Any

import pytest
import simpy

from commissure.hal.errors import EndpointError, RateLimited, UsageError
from commissure.sim.engine.job import Job
from commissure.sim.hosted.server import HostedServer
from tests.sim.hosted.bench import ROUND, UNIT, profile, serve


def box(env: simpy.Environment, parts: dict[str, float] = ROUND, /, **limits: Any) -> HostedServer:
    return HostedServer(env, "box", profile(limits, **parts), UNIT, seed=1)


def test_a_refusal_comes_at_once_and_names_its_limit() -> None:
    env = simpy.Environment()
    server = box(env, requests_per_minute=2, tokens_per_minute=1_000_000, tokens_per_day=1_000_000)
    jobs = [Job(100, 10) for _ in range(3)]
    ended = serve(env, server, [(0.0, jobs[0]), (0.0, jobs[1]), (10.0, jobs[2])])
    assert ended[-1] is jobs[2]
    error = jobs[2].error
    assert isinstance(error, RateLimited)
    assert error.retryable
    assert error.limit == "requests_per_minute"
    assert error.retry_after_s == pytest.approx(20.0)
    assert "requests_per_minute is used up" in str(error)


def test_of_two_limits_in_the_way_the_slower_is_named() -> None:
    env = simpy.Environment()
    server = box(env, requests_per_minute=1, tokens_per_day=1000, uncached_tokens_per_minute=1000)
    jobs = [Job(900, 1), Job(900, 1)]
    for job in jobs:
        server.submit(job)
    error = jobs[1].error
    assert isinstance(error, RateLimited)
    assert error.limit == "tokens_per_day"
    assert error.retry_after_s == pytest.approx(0.8 * 86_400)


@pytest.mark.parametrize(
    ("limit", "wait_s"),
    [("tokens_per_minute", 60.0), ("tokens_per_day", 86_400.0), ("uncached_tokens_per_minute", 60.0)],
)
def test_every_token_limit_is_its_own_bucket(limit: str, wait_s: float) -> None:
    env = simpy.Environment()
    server = box(env, **{limit: 1000})
    jobs = [Job(1000, 1), Job(500, 1)]
    for job in jobs:
        server.submit(job)
    error = jobs[1].error
    assert isinstance(error, RateLimited)
    assert error.limit == limit
    assert error.retry_after_s == pytest.approx(wait_s / 2)


def test_a_call_beyond_a_bucket_is_not_to_be_retried() -> None:
    env = simpy.Environment()
    job = Job(600, 500)
    serve(env, box(env, tokens_per_minute=1000, reserve_output=True), [(0.0, job)])
    assert isinstance(job.error, EndpointError)
    assert not job.error.retryable
    assert "1,100 tokens can never fit tokens_per_minute = 1,000" in str(job.error)


def test_reserved_output_is_given_back_at_the_end() -> None:
    env = simpy.Environment()
    server = box(env, tokens_per_minute=6000, reserve_output=True)
    server.max_output = lambda job: 4000
    first, early, late = Job(1000, 100), Job(1000, 100), Job(1000, 100)
    serve(env, server, [(0.0, first), (1.0, early), (3.5, late)])
    assert first.finished_s == pytest.approx(3.0)
    assert isinstance(early.error, RateLimited)
    # At 1 s the bucket holds 1,000 + 100; of 5,000 it refills 100 a second.
    assert early.error.retry_after_s == pytest.approx(39.0)
    assert late.error is None


def test_without_reservation_the_answer_is_taken_at_the_end_into_debt() -> None:
    env = simpy.Environment()
    parts = {**ROUND, "hidden_tokens": 900}
    server = box(env, parts, tokens_per_minute=1200)
    first, early, late = Job(1000, 100), Job(200, 1), Job(200, 1)
    serve(env, server, [(0.0, first), (0.0, early), (13.0, late)])
    assert early.error is None
    assert first.finished_s == pytest.approx(12.0)
    assert isinstance(late.error, RateLimited)
    # Taken: 1,000 + 200 in, 900 hidden + 100 and 1 out; 20 a second come back, and it wants 200.
    assert late.error.retry_after_s == pytest.approx((1200 + 1000 + 901 - 13 * 20 + 200 - 1200) / 20)


def test_cached_tokens_spare_the_uncached_bucket() -> None:
    env = simpy.Environment()
    server = box(env, uncached_tokens_per_minute=1000, tokens_per_minute=3000)
    prefix = tuple(range(9))
    jobs = [Job(950, 1, prefix) for _ in range(4)]
    serve(env, server, [(0.0, jobs[0]), (5.0, jobs[1]), (5.0, jobs[2]), (5.0, jobs[3])])
    assert [job.cached for job in jobs] == [0, 900, 900, 0]
    error = jobs[3].error
    assert isinstance(error, RateLimited)
    assert error.limit == "tokens_per_minute"


def test_a_quota_below_one_is_told() -> None:
    with pytest.raises(UsageError, match="requests_per_day must be at least 1"):
        box(simpy.Environment(), requests_per_day=0)
