"""A breaker opens after failures in a row, rests, and lets one probe through at a time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import CircuitOpen
from commissure.hal.resilience.breaker import Breaker
from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime
from tests.hal.resilience.bench import ERRORS, FAILURES, Bench, Step, run
from tests.support.worlds import on_both_runtimes

LIMIT, REST_S = 2, 5.0
ACTION = st.sampled_from(["enter", "enter", "enter", "ok", "fails", "fails", "neutral"])
ACTIONS = st.lists(st.tuples(st.sampled_from([0, 0, 1, 3]), ACTION, st.integers(0, 3)), min_size=30, max_size=60)


@given(ACTIONS)
def test_it_follows_the_diagram_of_states(actions: list[tuple[int, str, int]]) -> None:
    """The oracle keeps the state by name, and for each call the state's number in which it was sent."""
    breaker, now = Breaker("e", LIMIT, REST_S), 0.0
    state, number, failed, opened_s = "closed", 0, 0, 0.0
    sent: list[tuple[int, int]] = []
    for gap_s, action, which in actions:
        now += gap_s
        if state == "open" and now >= opened_s + REST_S:
            state, number = "half-open", number + 1
        if action == "enter":
            probing = state == "half-open" and any(since == number for _, since in sent)
            if state == "open" or probing:
                with pytest.raises(CircuitOpen) as refused:
                    breaker.enter(now)
                assert refused.value.retry_after_s == (0.0 if probing else opened_s + REST_S - now)
            else:
                sent.append((breaker.enter(now), number))
        elif sent:
            ticket, since = sent.pop(which % len(sent))
            breaker.leave(ticket, {"ok": None, "fails": ERRORS["fault"](), "neutral": ERRORS["refused"]()}[action], now)
            if since != number or action == "neutral":
                continue
            failed = 0 if action == "ok" else failed + 1
            if action == "ok" and state == "half-open":
                state, number = "closed", number + 1
            elif action == "fails" and (state == "half-open" or failed >= LIMIT):
                state, number, opened_s = "open", number + 1, now


def test_it_tells_how_often_the_endpoint_failed_and_when_it_may_be_asked() -> None:
    breaker = Breaker("e", 2, 30.0)
    for _ in range(2):
        breaker.leave(breaker.enter(1.0), ERRORS["fault"](), 5.0)
    with pytest.raises(CircuitOpen, match=r"'e': not asked: 2 calls in a row failed; it is tried again in 28\.000 s"):
        breaker.enter(7.0)


def test_what_is_told_while_it_is_open_has_taken_no_quota() -> None:
    rt = SimRuntime()

    async def body() -> float:
        bench = Bench(rt, {"tokens_per_minute": 60}, attempts=1, breaker_failures=1, breaker_rest_s=10)
        for name in range(3):
            await bench.outcome(name, [Step(0.0, "fault")], 60)
        await rt.sleep(10)
        await bench.call(3, [Step(0.0)], 60)
        return bench.times("sent", 3)[0]

    assert run(rt, body) == 10.0


@pytest.mark.parametrize("error", ERRORS)
@on_both_runtimes
def test_only_what_the_endpoint_did_wrong_counts(make_runtime: Any, error: str) -> None:
    rt: Runtime = make_runtime()

    async def body() -> bool:
        bench = Bench(rt, attempts=1, breaker_failures=2)
        for name in range(2):
            await bench.outcome(name, [Step(0.1, error)])
        await rt.sleep(4)  # as long as a rate limit asks
        return isinstance(await bench.outcome(2, [Step(0.1)]), CircuitOpen)

    assert run(rt, body) == (error in FAILURES)


@on_both_runtimes
def test_half_open_one_call_goes_ahead_and_the_others_wait_for_it(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> Bench:
        bench = Bench(rt, attempts=5, retry_share=1.0, breaker_failures=1, breaker_rest_s=10)
        await bench.outcome(0, [Step(1.0, "refused")])
        await rt.gather(*(bench.outcome(name, [Step(1.0, "fault")] + [Step(2.0)] * 5) for name in range(1, 6)))
        return bench

    bench = run(rt, body)
    sent = bench.times("sent")
    assert sent[:6] == [0.0] + [1.0] * 5
    probe = sent[6]
    assert probe >= 12.0
    assert all(time_s >= probe + 2.0 for time_s in sent[7:])
    assert len(bench.times("ok")) == 5


@on_both_runtimes
def test_a_cancelled_probe_makes_room_for_another(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> list[Any]:
        bench = Bench(rt, attempts=1, breaker_failures=1, breaker_rest_s=10)
        await bench.outcome(0, [Step(0.0, "fault")])
        early = await bench.outcome(1, [Step(1.0)])
        await rt.sleep(10)
        with rt.move_on_after(1.0):
            await bench.outcome(2, [Step(9.0)])
        return [type(early), await bench.outcome(3, [Step(1.0)])]

    assert run(rt, body) == [CircuitOpen, (3, 0)]


@on_both_runtimes
def test_zero_failures_mean_no_breaker(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def body() -> int:
        bench = Bench(rt, attempts=1, breaker_failures=0)
        for name in range(50):
            await bench.outcome(name, [Step(0.1, "fault")])
        return len(bench.times("sent"))

    assert run(rt, body) == 50
