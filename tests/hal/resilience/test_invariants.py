"""What must hold of any scenario, whatever fails, and whenever a call is cut short."""

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.resilience.limits import CLOCK_S
from commissure.hal.resilience.retry import ALLOWANCE
from commissure.sim.runtime import SimRuntime
from tests.hal.resilience.bench import FAILURES, RETRYABLE, Bench, Seen, Step
from tests.hal.resilience.scenario import TOKENS_PER_MINUTE, Planned, Scenario, drawn, play, played
from tests.support.virtual_loop import virtual_live_runtime

SCENARIOS = st.randoms(use_true_random=False).map(drawn)
EPSILON_S = 1e-9


def by_call(trace: list[Seen]) -> dict[int, list[Seen]]:
    calls = defaultdict(list)
    for seen in trace:
        calls[seen.call].append(seen)
    return calls


@settings(max_examples=150, deadline=None)
@given(SCENARIOS)
def test_no_call_is_tried_more_often_than_it_may_be(scenario: Scenario) -> None:
    bench, _ = played(SimRuntime(), scenario)
    allowed, hedged = scenario.settings["attempts"], scenario.settings["hedge"]
    made = bench.guard.retries + bench.guard.hedges
    extra = 0
    for seen in by_call(bench.trace).values():
        sent = [one for one in seen if one.what == "sent"]
        assert len(sent) <= allowed * (2 if hedged else 1)
        extra += max(0, len(sent) - 1)
        for earlier, later in pairwise(sent):
            between = seen[seen.index(earlier) : seen.index(later)]
            assert not [one for one in between if one.what == "first"]
            ends = [one.what for one in between if one.what not in ("sent", "called", "ended", "first")]
            assert hedged or set(ends) <= set(RETRYABLE)
    assert extra <= made <= scenario.settings["retry_share"] * len(scenario.calls) + ALLOWANCE


@settings(max_examples=150, deadline=None)
@given(SCENARIOS)
def test_every_attempt_ends_before_its_call_does_and_one_at_most_wins(scenario: Scenario) -> None:
    bench, outcomes = played(SimRuntime(), scenario)
    assert bench.under_way == 0
    assert bench.most_under_way <= (scenario.settings["concurrency"] or len(bench.trace))
    for name, seen in by_call(bench.trace).items():
        whats = [one.what for one in seen]
        assert whats[-1] == "left"
        assert whats.count("sent") == whats.count("ended")
        if isinstance(outcomes[name], tuple):
            call, number = outcomes[name]
            assert call == name
            assert "ok" in [one.what for one in seen if one.number == number]


@settings(max_examples=150, deadline=None)
@given(SCENARIOS)
def test_deadlines_are_honoured(scenario: Scenario) -> None:
    bench, _ = played(SimRuntime(), scenario)
    for name, seen in by_call(bench.trace).items():
        within_s = scenario.calls[name].within_s
        if within_s is None:
            continue
        until_s = seen[0].time_s + within_s
        assert all(one.time_s <= until_s + EPSILON_S for one in seen if one.what == "sent")
        assert seen[-1].time_s <= until_s + 0.3 + EPSILON_S


@settings(max_examples=150, deadline=None)
@given(SCENARIOS)
def test_no_window_takes_more_than_a_bucket_holds_and_refills(scenario: Scenario) -> None:
    bench, _ = played(SimRuntime(), scenario)
    if scenario.limits is None:
        return
    flows = [one for one in bench.trace if one.what in ("sent", "ended")]
    for begin, since in enumerate(flows):
        taken = 0
        for flow in flows[begin:]:
            taken += flow.amount
            if flow.what == "sent":
                refill = TOKENS_PER_MINUTE / 60 * (flow.time_s - since.time_s + 2 * CLOCK_S)
                assert taken <= TOKENS_PER_MINUTE + refill + 1e-6


@settings(max_examples=150, deadline=None)
@given(SCENARIOS)
def test_calls_leave_in_the_order_in_which_they_came(scenario: Scenario) -> None:
    plain = Scenario(scenario.settings | {"breaker_failures": 0}, scenario.limits, scenario.calls)
    bench, _ = played(SimRuntime(), plain)
    called = [one.call for one in bench.trace if one.what == "called"]
    first_sent = [one.call for one in bench.trace if one.what == "sent" and one.number == 0]
    assert first_sent == [call for call in called if call in first_sent]


@settings(max_examples=150, deadline=None)
@given(SCENARIOS)
def test_nothing_is_sent_while_the_breaker_is_open(scenario: Scenario) -> None:
    """One call at a time, so that every outcome counts: n failures in a row, a rest, and then single probes."""
    limit, rest_s = 2, 5.0
    calls = scenario.settings | {"breaker_failures": limit, "breaker_rest_s": rest_s, "concurrency": 1, "hedge": False}
    bench, _ = played(SimRuntime(), Scenario(calls, scenario.limits, scenario.calls))
    failed, open_until_s = 0, 0.0
    for seen in bench.trace:
        if seen.what == "sent":
            assert seen.time_s >= open_until_s
        elif seen.what == "ok":
            failed = 0
        elif seen.what in FAILURES:
            failed += 1
            if failed >= limit:
                open_until_s = seen.time_s + rest_s


@settings(max_examples=100, deadline=None)
@given(SCENARIOS)
def test_nothing_is_lost_whatever_happened(scenario: Scenario) -> None:
    """A day later the endpoint takes as many calls at once as on the first."""
    rt = SimRuntime()
    places = scenario.settings["concurrency"] or 5

    async def main() -> tuple[list[float], int]:
        bench = Bench(rt, scenario.limits, **scenario.settings)
        await play(bench, scenario)
        await rt.sleep(86_400)
        await bench.call(0, [Step(0.0)])  # closes the breaker
        await rt.sleep(3600)
        bench.trace.clear()
        tokens = TOKENS_PER_MINUTE // places
        await rt.gather(*(bench.call(name, [Step(0.5, first_s=0.1)], tokens) for name in range(places)))
        return bench.times("sent"), bench.most_under_way

    sent, most = rt.run(main)
    assert len(sent) == places
    assert len(set(sent)) == 1
    assert most >= places


def summary(bench: Bench, outcomes: list[Any]) -> tuple[list[Any], list[Any]]:
    trace = [(round(one.time_s, 6), *one[1:]) for one in bench.trace]
    return sorted(trace), [str(outcome) for outcome in outcomes]


@pytest.mark.parametrize("seed", range(60))
def test_the_same_seed_gives_the_same_trace_in_both_worlds(seed: int) -> None:
    scenario = drawn(Random(seed))
    first = played(SimRuntime(seed), scenario)
    again = played(SimRuntime(seed), scenario)
    assert first[0].trace == again[0].trace
    assert summary(*first) == summary(*again) == summary(*played(virtual_live_runtime(seed), scenario))


def test_another_seed_waits_otherwise() -> None:
    steps = (Step(1.0, "fault"), Step(1.0))
    scenario = Scenario({}, None, (Planned(0.0, steps, 1, None, None),))
    sent = {tuple(played(SimRuntime(seed), scenario)[0].times("sent")) for seed in range(5)}
    assert len(sent) == 5
