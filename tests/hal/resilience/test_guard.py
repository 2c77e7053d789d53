"""Retries, limits, deadlines and places, one by one, in both worlds."""

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from commissure.hal.clock.dice import dice
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.errors import EndpointError, RateLimited, ServerFault
from commissure.hal.resilience.guard import Guard
from commissure.hal.resilience.limits import Amounts, Limiter
from commissure.hal.resilience.race import Progress
from commissure.hal.resilience.retry import ALLOWANCE, Backoff
from commissure.hal.resilience.settings import Resilience
from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime
from tests.hal.resilience.bench import ERRORS, FREE, RETRYABLE, Bench, Step, limited, run
from tests.support.worlds import on_both_runtimes


@pytest.mark.parametrize("error", ERRORS)
@on_both_runtimes
def test_an_error_is_tried_again_if_that_may_help(make_runtime: Any, error: str) -> None:
    rt: Runtime = make_runtime()

    async def body() -> list[Any]:
        bench = Bench(rt)
        outcomes = [await bench.outcome(0, [Step(1.0, error), Step(1.0)]), await bench.outcome(1, [Step(1.0, error)])]
        return [*outcomes, bench.times("sent", 1)]

    first, second, sent = run(rt, body)
    assert (first == (0, 1)) == (error in RETRYABLE)
    assert type(second) is type(ERRORS[error]())
    assert len(sent) == (3 if error in RETRYABLE else 1)


@on_both_runtimes
def test_nothing_is_tried_again_after_its_first_token(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> tuple[Any, int]:
        bench = Bench(rt)
        steps = [Step(1.0, "fault"), Step(2.0, "truncated", first_s=1.0), Step(1.0)]
        return await bench.outcome(0, steps), len(bench.times("sent"))

    error, sent = run(rt, body)
    assert str(error) == str(ERRORS["truncated"]())
    assert sent == 2


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_retries_are_a_share_of_calls(share: float) -> None:
    rt = SimRuntime()

    async def body() -> int:
        bench = Bench(rt, retry_share=share, attempts=2, breaker_failures=0)
        await rt.gather(*(bench.outcome(name, [Step(1.0, "fault")]) for name in range(100)))
        return bench.guard.retries

    assert run(rt, body) == min(100, 100 * share + ALLOWANCE)


def test_waits_stay_in_their_bounds_and_add_to_what_is_asked() -> None:
    settings = Resilience(base_s=0.5, longest_s=4.0)
    firsts = set()
    for seed in range(200):
        backoff = Backoff(settings, dice(str(seed)))
        waits = [backoff.next_s(ServerFault("e", "busy", retryable=True)) for _ in range(8)]
        assert 0.5 <= waits[0] <= 1.5
        assert all(0.5 <= later <= min(4.0, 3 * earlier) for earlier, later in pairwise(waits))
        firsts.add(waits[0])
        told = Backoff(settings, dice(str(seed))).next_s(RateLimited("e", "tokens", 60.0))
        assert told == pytest.approx(60.0 + waits[0])
    assert len(firsts) == 200


@on_both_runtimes
def test_no_call_leaves_before_a_refusing_endpoint_wants_one(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt)

        async def later() -> Any:
            await rt.sleep(2.0)
            return await bench.outcome(1, [Step(1.0)])

        await rt.gather(bench.outcome(0, [Step(1.0, "limited"), Step(1.0)]), later())
        return bench

    bench = run(rt, body)
    assert bench.times("sent", 1) == [4.0]
    assert bench.times("sent", 0)[1] >= 4.0


@on_both_runtimes
def test_a_call_waits_for_quota_and_those_behind_it_wait_too(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> list[float]:
        bench = Bench(rt, {"tokens_per_minute": 60})
        sizes = [60, 30, 1, 10]
        await rt.gather(*(bench.call(name, [Step(0.1)], size) for name, size in enumerate(sizes)))
        return bench.times("sent")

    assert run(rt, body) == pytest.approx([0.0, 30.0, 31.0, 41.0], abs=1e-4)


@on_both_runtimes
def test_quota_that_comes_back_is_used_at_once(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> list[float]:
        bench = Bench(rt, {"tokens_per_minute": 60})
        await rt.gather(*(bench.call(name, [Step(2.0, used=0.5)], 60 - 30 * name) for name in range(2)))
        return bench.times("sent")

    assert run(rt, body) == [0.0, 2.0]


@pytest.mark.parametrize("error", [error for error in ERRORS if error not in ("limited",)])
@on_both_runtimes
def test_a_refused_call_takes_no_quota_and_one_that_may_be_billed_does(make_runtime: Any, error: str) -> None:
    rt: Runtime = make_runtime()

    async def body() -> float:
        bench = Bench(rt, {"tokens_per_minute": 60}, attempts=1)
        await bench.outcome(0, [Step(0.0, error)], 60)
        await bench.call(1, [Step(0.0)], 60)
        return bench.times("sent")[1]

    assert run(rt, body) == pytest.approx(0.0 if error in FREE else 60.0)


@on_both_runtimes
def test_a_cancelled_call_gets_no_quota_back(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> float:
        bench = Bench(rt, {"tokens_per_minute": 60})
        with rt.move_on_after(6.0):
            await bench.call(0, [Step(9.0)], 60)
        await bench.call(1, [Step(0.0)], 60)
        return bench.times("sent")[1]

    assert run(rt, body) == pytest.approx(60.0)


@on_both_runtimes
def test_a_call_that_can_never_fit_says_so(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, {"tokens_per_minute": 60})
        with pytest.raises(EndpointError, match="61 tokens can never fit tokens_per_minute = 60"):
            await bench.call(0, [Step(1.0)], 61)
        return bench

    assert run(rt, body).times("sent") == []


@on_both_runtimes
def test_a_wait_into_a_certain_timeout_is_not_begun(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> list[Any]:
        bench = Bench(rt, {"tokens_per_minute": 60}, attempts=9, base_s=2, longest_s=2)
        with rt.fail_after(5.5):
            error = await bench.outcome(0, [Step(1.0, "fault")])
        ended = [round(rt.now(), 6)]
        await bench.call(1, [Step(0.0)], 60)
        with rt.fail_after(5.0), pytest.raises(RateLimited, match="tokens_per_minute"):
            await bench.call(2, [Step(0.0)], 60)
        return [type(error), *ended, bench.times("sent", 0), bench.times("sent", 2)]

    kind, ended, sent, never = run(rt, body)
    assert kind is type(ERRORS["fault"]())
    assert (ended, sent, never) == (4.0, [0.0, 3.0], [])


@on_both_runtimes
def test_a_wait_that_a_call_under_way_may_shorten_is_begun(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Any:
        bench = Bench(rt, {"tokens_per_minute": 60})

        async def hurried() -> Any:
            with rt.fail_after(5.0):
                return await bench.outcome(1, [Step(0.5)], 60)

        return (await rt.gather(bench.call(0, [Step(2.0, used=0.0)], 60), hurried()))[1]

    assert run(rt, body) == (1, 0)


def test_a_server_with_the_same_limits_never_refuses() -> None:
    """The server reserves and settles as Cerebras does; calls of random sizes come far faster than it allows."""
    rt, random = SimRuntime(), dice("sizes")
    limits = limited(tokens_per_minute=1000, uncached_tokens_per_minute=600, requests_per_minute=20)
    server, refusals = Limiter("server", limits), []

    async def call(guard: Guard, asked: Amounts, share: float) -> None:
        used = Amounts(1, int(asked.tokens * share), int(asked.uncached * share))

        async def attempt(progress: Progress) -> Amounts:
            refusals.append(server.take(asked, rt.now()))
            await rt.sleep(30 * share)
            server.settle(asked, used, rt.now())
            return used

        await guard.call(asked, attempt, lambda value: value)

    async def main() -> float:
        guard = Guard(rt, "e", Resilience(concurrency=5), limits)
        async with rt.task_group() as group:
            for _ in range(200):
                tokens = random.randint(1, 900)
                group.start_soon(call, guard, Amounts(1, tokens, min(600, tokens // 2)), random.random())
                await rt.sleep(random.uniform(0, 2))
        return rt.now()

    ended_s = rt.run(main)
    assert len(refusals) == 200
    assert not any(refusals)
    assert ended_s > 600  # twenty requests a minute, and half the tokens used


@on_both_runtimes
def test_places_are_given_in_turn(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, concurrency=2)
        lengths = [3.0, 1.0, 1.0, 5.0, 1.0]
        await rt.gather(*(bench.call(name, [Step(length)]) for name, length in enumerate(lengths)))
        return bench

    bench = run(rt, body)
    assert bench.times("sent") == [0.0, 0.0, 1.0, 2.0, 3.0]
    assert bench.most_under_way == 2


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"attempts": 0}, "attempts"),
        ({"retry_share": 1.5}, "retry_share"),
        ({"base_s": 5.0, "longest_s": 1.0}, r"base_s \(5.0\) must be at most longest_s \(1.0\)"),
        ({"hedge_after_s": 1.0}, "add hedge = true"),
        ({"concurrency": 0}, "concurrency"),
        ({"breaker": 3}, "breaker"),
    ],
)
def test_settings_that_make_no_sense_are_told(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Resilience(**given)


def test_on_the_wall_clock_calls_are_kept_alive_too() -> None:
    rt = LiveRuntime()

    async def body() -> Bench:
        settings: dict[str, Any] = {
            "breaker_failures": 0,
            "base_s": 0.01,
            "longest_s": 0.02,
            "concurrency": 2,
            "hedge": True,
            "hedge_after_s": 0.05,
        }
        bench = Bench(rt, {"requests_per_minute": 6000}, **settings)
        flaky, slow = [Step(0.01, "fault"), Step(0.01)], [Step(30.0), Step(0.01)]
        assert await rt.gather(*(bench.call(name, flaky) for name in range(6))) == [(name, 1) for name in range(6)]
        assert await bench.call(6, slow) == (6, 1)
        with rt.move_on_after(0.02) as scope:
            await bench.call(7, [Step(30.0)])
        assert scope.cancelled_caught
        assert await bench.call(8, [Step(0.01)]) == (8, 0)
        return bench

    bench = run(rt, body)
    assert bench.most_under_way == 2
    assert (bench.guard.retries, bench.guard.hedges, bench.under_way) == (6, 1, 0)
    assert len(bench.times("cancelled")) == 2


@pytest.mark.parametrize("asked_s", [31_536_000.0, 1e300])
@on_both_runtimes
def test_a_wait_of_a_year_is_no_wait(make_runtime: Any, asked_s: float) -> None:
    rt: Runtime = make_runtime()

    async def body() -> list[Any]:
        guard = Guard(rt, "e", Resilience())
        raised: list[Any] = []

        async def refused(progress: Progress) -> Any:
            raise RateLimited("e", "quota", asked_s, 429)

        for _ in range(2):
            with pytest.raises(RateLimited) as error:
                await guard.call(Amounts(1, 1, 1), refused, lambda value: Amounts(1, 1, 1))
            raised.append(error.value.retry_after_s)
        assert rt.now() < 1
        return raised

    first_s, second_s = run(rt, body)
    assert first_s == asked_s
    assert second_s == pytest.approx(asked_s)
