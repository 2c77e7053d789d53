"""A retrying client waits as it was told, keeps the arrival, and gives up in the end."""

import pytest
import simpy

from commissure.hal.errors import EndpointError, RateLimited, UsageError
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server
from commissure.sim.hosted.retry import Retrying
from commissure.sim.hosted.server import HostedServer
from tests.sim.hosted.bench import ROUND, UNIT, at, profile, serve


class Failing:
    """Fails every job at once."""

    busy_s = 0.0

    def __init__(self, env: simpy.Environment, error: Exception) -> None:
        self.env, self.error = env, error
        self.tried_s: list[float] = []

    def submit(self, job: Job) -> None:
        self.tried_s.append(self.env.now)
        job.arrived_s = self.env.now
        job.error = self.error
        job.done(job)

    def cancel(self, job: Job) -> None:
        raise AssertionError("it has no job")

    def slow(self, factor: float) -> None:
        raise AssertionError("it cannot be slower")

    def evacuate(self) -> list[Job]:
        return []


def limited(env: simpy.Environment, requests: int) -> HostedServer:
    return HostedServer(env, "box", profile({"requests_per_minute": requests}, **ROUND), UNIT, seed=1)


def test_the_wait_counts_from_the_first_arrival() -> None:
    env = simpy.Environment()
    client = Retrying(limited(env, 1), env, seed=1)
    jobs = [Job(100, 10), Job(100, 10)]
    assert serve(env, client, [(0.0, jobs[0]), (10.0, jobs[1])]) == jobs
    assert [job.error for job in jobs] == [None, None]
    assert jobs[1].arrived_s == 10.0
    assert jobs[1].started_s == pytest.approx(60.0)
    assert client.retries == 1
    assert client.busy_s == pytest.approx(2 * 1.2)


def test_the_arrival_holds_while_a_later_try_is_under_way() -> None:
    env = simpy.Environment()
    client = Retrying(limited(env, 1), env, seed=1)
    seen: list[float] = []
    job = Job(100, 10)
    job.on_first = lambda one: seen.append(one.arrived_s)
    serve(env, client, [(0.0, Job(100, 10)), (10.0, job)])
    assert seen == [10.0]


def test_after_the_last_attempt_the_error_stands() -> None:
    env = simpy.Environment()
    broken = Failing(env, EndpointError("box", "status 500", retryable=True))
    job = Job(100, 10)
    (ended,) = serve(env, Retrying(broken, env, seed=1, attempts=4), [(3.0, job)])
    assert ended is job
    assert job.error is broken.error
    assert job.arrived_s == 3.0
    assert len(broken.tried_s) == 4


def test_backoff_is_jittered_within_its_bounds_and_heeds_the_server() -> None:
    env = simpy.Environment()
    broken = Failing(env, EndpointError("box", "status 500", retryable=True))
    serve(env, Retrying(broken, env, seed=1, attempts=12), [(0.0, Job(100, 10))])
    gaps = [after - before for before, after in zip(broken.tried_s, broken.tried_s[1:], strict=False)]
    assert all(gap <= min(30.0, 0.5 * 2**number) for number, gap in enumerate(gaps))
    told = Failing(env := simpy.Environment(), RateLimited("box", "tokens_per_day", 50.0))
    serve(env, Retrying(told, env, seed=1, attempts=3), [(0.0, Job(100, 10))])
    assert told.tried_s == [0.0, 50.0, 100.0]


@pytest.mark.parametrize("error", [EndpointError("box", "status 400"), ValueError("wrong")])
def test_what_no_retry_can_help_is_not_retried(error: Exception) -> None:
    env = simpy.Environment()
    broken = Failing(env, error)
    job = Job(100, 10)
    serve(env, Retrying(broken, env, seed=1), [(0.0, job)])
    assert broken.tried_s == [0.0]
    assert job.error is error


def test_the_same_seed_gives_the_same_retries() -> None:
    def tried(seed: int, name: str) -> list[float]:
        env = simpy.Environment()
        broken = Failing(env, EndpointError("box", "status 500", retryable=True))
        client: Server = Retrying(broken, env, seed, name=name)
        serve(env, client, [(0.0, Job(100, 10))])
        return broken.tried_s

    assert tried(1, "a") == tried(1, "a")
    assert tried(1, "a") != tried(2, "a")
    assert tried(1, "a") != tried(1, "b")


def test_a_crowd_gets_through_a_narrow_limit() -> None:
    env = simpy.Environment()
    client = Retrying(limited(env, 6), env, seed=1, attempts=40)
    jobs = [(float(number), Job(100, 10)) for number in range(20)]
    serve(env, client, jobs)
    assert all(job.error is None for _, job in jobs)
    starts = sorted(job.started_s for _, job in jobs)
    for first, last in zip(starts, starts[9:], strict=False):
        assert 6 + (last - first) / 10 + 1e-3 >= 10


def test_dropped_jobs_are_not_heard_of_again() -> None:
    env = simpy.Environment()
    client = Retrying(limited(env, 2), env, seed=1)
    jobs = [Job(100, 10, index=number) for number in range(4)]
    doomed, resting, other = jobs[1], jobs[2], jobs[3]
    at(env, 0.5, lambda: client.cancel(doomed))
    at(env, 0.5, lambda: client.cancel(resting))
    ended = serve(env, client, [(0.0, job) for job in jobs])
    assert ended == [jobs[0], other]
    assert doomed.finished_s == resting.finished_s == -1
    assert doomed.done == other.done


def test_jobs_of_an_endpoint_that_dies_can_be_sent_anew() -> None:
    env = simpy.Environment()
    client = Retrying(limited(env, 2), env, seed=1)
    jobs = [Job(100, 10) for _ in range(3)]
    lost: list[Job] = []
    at(env, 0.5, lambda: lost.extend(client.evacuate()))
    at(env, 0.6, lambda: client.submit(lost[0]))
    ended = serve(env, client, [(0.0, job) for job in jobs])
    assert lost == jobs
    assert ended == [lost[0]]
    assert lost[0].finished_s == pytest.approx(30.0 + 1.2)


def test_at_least_one_attempt() -> None:
    with pytest.raises(UsageError, match="attempts"):
        env = simpy.Environment()
        Retrying(limited(env, 1), env, seed=1, attempts=0)
