"""A hedge starts beside a slow attempt; one wins, the other is cancelled, and both have ended before the call."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.clock.dice import dice
from commissure.hal.errors import ServerFault, TruncatedStream
from commissure.hal.resilience.first_tokens import FEWEST, KEPT, FirstTokens
from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime
from tests.hal.resilience.bench import Bench, Step, run
from tests.support.worlds import on_both_runtimes

HEDGED: dict[str, Any] = {"hedge": True, "hedge_after_s": 2.0, "attempts": 1}


@pytest.mark.parametrize(
    ("steps", "outcome", "ended_s", "cancelled"),
    [
        ([Step(1.0)], (0, 0), 1.0, []),
        ([Step(9.0, first_s=1.0)], (0, 0), 9.0, []),
        # By the end, where attempts show no token.
        ([Step(9.0), Step(3.0)], (0, 1), 5.0, [0]),
        ([Step(4.0), Step(9.0)], (0, 0), 4.0, [1]),
        # By the first token, whoever would have ended first.
        ([Step(6.0, first_s=5.0), Step(30.0, first_s=1.0)], (0, 1), 32.0, [0]),
        ([Step(30.0, first_s=2.5), Step(3.0, first_s=2.0)], (0, 0), 30.0, [1]),
        # A failure while the other runs is ignored; the last one counts.
        ([Step(3.0, "fault"), Step(9.0)], (0, 1), 11.0, []),
        ([Step(9.0), Step(1.0, "budget")], (0, 0), 9.0, []),
        ([Step(3.0, "silent"), Step(9.0, "fault")], ServerFault, 11.0, []),
        ([Step(9.0, "fault"), Step(3.0, "bug")], ServerFault, 9.0, []),
        # Whoever has won by its first token may still fail.
        ([Step(9.0), Step(5.0, "truncated", first_s=1.0)], TruncatedStream, 7.0, [0]),
        # The loser takes its time to end.
        ([Step(9.0, cleanup_s=2.0), Step(3.0)], (0, 1), 7.0, [0]),
        # A loser that will not end has still lost.
        ([Step(9.0, first_s=5.0, stubborn=True), Step(30.0, first_s=1.0)], (0, 1), 32.0, []),
        ([Step(9.0, stubborn=True), Step(1.0)], (0, 1), 9.0, []),
        # A failure before a hedge is due is left to the retries.
        ([Step(1.0, "fault"), Step(1.0)], ServerFault, 1.0, []),
    ],
)
@on_both_runtimes
def test_who_wins(make_runtime: Any, steps: list[Step], outcome: Any, ended_s: float, cancelled: list[int]) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, concurrency=2, **HEDGED)
        found = await bench.outcome(0, steps)
        assert (found if isinstance(found, tuple) else type(found)) == outcome
        assert round(rt.now(), 6) == ended_s
        assert bench.under_way == 0
        # Both places are free again.
        begun = round(rt.now(), 6)
        await rt.gather(*(bench.call(name, [Step(1.0)]) for name in (1, 2)))
        assert [*bench.times("sent", 1), *bench.times("sent", 2)] == [begun, begun]
        return bench

    bench = run(rt, body)
    assert [seen.number for seen in bench.trace if seen.what == "cancelled"] == cancelled


@pytest.mark.parametrize(
    ("settings", "limits"),
    [({"concurrency": 1}, None), ({}, {"tokens_per_minute": 60}), ({"breaker_failures": 1}, None)],
)
@on_both_runtimes
def test_a_hedge_that_may_not_leave_at_once_does_not(make_runtime: Any, settings: Any, limits: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, limits, **HEDGED, **settings)

        async def failing() -> None:
            if "breaker_failures" in settings:
                await bench.outcome(1, [Step(1.0, "fault")])

        assert (await rt.gather(bench.call(0, [Step(9.0), Step(1.0)], 60), failing()))[0] == (0, 0)
        return bench

    bench = run(rt, body)
    assert bench.times("sent", 0) == [0.0]
    assert bench.guard.hedges == 0


@on_both_runtimes
def test_hedges_do_not_overtake_calls_that_wait_for_quota(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, {"tokens_per_minute": 60}, **HEDGED)
        await rt.gather(bench.call(0, [Step(9.0), Step(1.0)], 30), bench.call(1, [Step(0.1)], 60))
        return bench

    bench = run(rt, body)
    assert bench.guard.hedges == 0
    assert bench.times("sent", 1) == [30.0]


@on_both_runtimes
def test_who_gave_up_waiting_stands_in_no_hedges_way(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Any:
        bench = Bench(rt, concurrency=2, **HEDGED)

        async def gives_up() -> None:
            with rt.move_on_after(0.5):
                await bench.call(2, [Step(1.0)])

        await rt.gather(*(bench.call(name, [Step(1.0)]) for name in range(2)), gives_up())
        return await bench.call(3, [Step(9.0), Step(1.0)])

    assert run(rt, body) == (3, 1)


def test_the_extra_load_of_hedges_is_bounded_like_that_of_retries() -> None:
    rt = SimRuntime()

    async def body() -> int:
        bench = Bench(rt, retry_share=0.2, **HEDGED)
        await rt.gather(*(bench.call(name, [Step(9.0)]) for name in range(100)))
        return bench.guard.hedges

    assert run(rt, body) == 30


@on_both_runtimes
def test_without_a_fixed_time_hedges_follow_the_observed_percentile(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, hedge=True)
        for name in range(FEWEST):
            await bench.call(name, [Step(20.0, first_s=(name + 1) / 10), Step(0.0)])
        assert bench.guard.hedges == 0
        begun = rt.now()
        # The 19th of 20 is 1.9 s.
        assert await bench.call(99, [Step(9.0, first_s=8.0), Step(1.0, first_s=0.5)]) == (99, 1)
        assert [time_s - begun for time_s in bench.times("sent", 99)] == pytest.approx([0.0, 1.9])
        return bench

    assert run(rt, body).guard.hedges == 1


def test_hedging_does_not_talk_itself_down() -> None:
    """A loser's time counts as far as it is known: about one call in twenty is hedged, also in the long run."""
    rt = SimRuntime(seed=3)

    async def body() -> int:
        bench, delays = Bench(rt, hedge=True, retry_share=1.0), rt.rng("delays")
        for name in range(4000):
            await bench.call(name, [Step(100.0, first_s=delays.expovariate(1.0)) for _ in range(2)])
        return bench.guard.hedges

    assert 0.03 * 4000 < run(rt, body) < 0.08 * 4000


@given(st.integers(0, 2 * KEPT), st.integers(0, 9))
def test_the_percentile_is_by_nearest_rank_over_a_window(seen: int, seed: int) -> None:
    first_tokens, seconds = FirstTokens(), [float(one) for one in range(seen)]
    dice(str(seed)).shuffle(seconds)
    for one in seconds:
        first_tokens.add(one)
    window = seconds[-KEPT:]
    found = first_tokens.p95_s()
    if len(seconds) < FEWEST:
        assert found is None
    else:
        assert found in window
        assert 100 * sum(one <= found for one in window) >= 95 * len(window)
        assert 100 * sum(one < found for one in window) < 95 * len(window)
