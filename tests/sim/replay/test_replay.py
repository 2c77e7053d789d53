"""A trace on a modelled fleet: the same twice, the same step by step, and every number by hand."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.call import Call
from commissure.hal.errors import BudgetExceeded, UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.ledger import Amount, Budget, Ledger, Reservation
from commissure.hal.policy import Candidate, FleetStatus, Router
from commissure.hal.profiles.profile import Price, Profile, StepTime
from commissure.hal.profiles.serving import EngineSettings
from commissure.hal.reply import Usage
from commissure.policies.routing import build_router, router_names
from commissure.sim.engine.job import Job
from commissure.sim.replay.accounts import Accounts
from commissure.sim.replay.columns import Columns, Slo, distribution
from commissure.sim.replay.run import _tariff, replay
from commissure.sim.replay.summary import summary
from commissure.sim.workload.trace import Trace, make_trace
from tests.support.engines import quantity


def profile(
    *, fixed_s: float = 1.0, token_s: float = 0.0, engine: EngineSettings | None = None, **rest: Any
) -> Profile:
    step = StepTime.model_validate(
        {"fixed_s": quantity(fixed_s), "token_s": quantity(token_s)}
        | dict.fromkeys(("kv_token_s", "attention_s", "call_s"), quantity(0.0))
    )
    return Profile(model="none", chip="cpu", provider="null", step=step, engine=engine, **rest)


def price(input_usd: float, output_usd: float, cached_usd: float | None = None) -> Price:
    return Price(
        input_usd_per_mtok=quantity(input_usd), output_usd_per_mtok=quantity(output_usd),
        cached_usd_per_mtok=None if cached_usd is None else quantity(cached_usd),
    )  # fmt: skip


def fleet_of(router: Router | None = None, replicas: int = 1, **profiles: Profile) -> Fleet:
    specs = tuple(
        EndpointSpec(name=name, provider="null", model="none", chip="cpu", replicas=replicas) for name in profiles
    )
    return Fleet(specs, profiles, router or build_router("first", 0))


def small_trace(calls: int = 60) -> Trace:
    numbers = range(calls)
    return make_trace(
        "small", [0.02137 * number + 0.0131 * (number % 2) for number in numbers],
        [20 + 37 * number % 1500 for number in numbers], [1 + 13 * number % 60 for number in numbers],
        prefixes=[[number % 3 * 10 + depth for depth in range((20 + 37 * number % 1500) // 512)] for number in numbers],
    )  # fmt: skip


BUSY = {"fixed_s": 0.02, "token_s": 1e-4}


def busy_fleet(name: str = "least_loaded", seed: int = 3) -> Fleet:
    tight = EngineSettings(kv_blocks=150, max_num_seqs=8, max_batched_tokens=512)
    return fleet_of(build_router(name, seed), a=profile(**BUSY, engine=tight), b=profile(fixed_s=0.03))


def test_the_same_twice_and_under_another_hash_seed() -> None:
    columns = replay(small_trace(), busy_fleet())
    assert columns.preemptions.sum() > 0
    assert columns.kv_hit_rate() > 0
    assert replay(small_trace(), busy_fleet()).trace_hash() == columns.trace_hash()
    program = (
        "from tests.sim.replay.test_replay import *; print(replay(small_trace(), busy_fleet('random')).trace_hash())"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True,
            check=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        assert done.stdout.strip() == replay(small_trace(), busy_fleet("random")).trace_hash()


def test_the_hash_tells_any_column_apart() -> None:
    columns = replay(small_trace(), busy_fleet())
    later = columns.finished_s.copy()
    later[5] = np.nextafter(later[5], np.inf)
    assert replace(columns, finished_s=later).trace_hash() != columns.trace_hash()
    assert replace(columns, preemptions=columns.preemptions + 1).trace_hash() != columns.trace_hash()


def test_step_by_step_gives_the_same() -> None:
    ours, exact = (replay(small_trace(), busy_fleet("round_robin"), exact=exact) for exact in (False, True))
    for name in ("started_s", "first_s", "finished_s"):
        np.testing.assert_allclose(getattr(ours, name), getattr(exact, name), rtol=0, atol=1e-9)
    for name in ("cached_tokens", "preemptions", "endpoint", "cost_usd"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(exact, name))
    assert ours.busy_s == pytest.approx(exact.busy_s, abs=1e-9)


def test_progress_changes_nothing_and_ends_complete() -> None:
    told: list[tuple[int, int]] = []
    columns = replay(small_trace(), busy_fleet(), progress=lambda ended, calls: told.append((ended, calls)))
    assert columns.trace_hash() == replay(small_trace(), busy_fleet()).trace_hash()
    assert told[-1] == (60, 60)
    assert [ended for ended, _ in told] == sorted(ended for ended, _ in told)


def columns_of(rows: list[tuple[float, float, float, int]], **changes: Any) -> Columns:
    """Of rows of arrival, first token, finish and output tokens."""
    arrival, first, finished, output = (np.array(column) for column in zip(*rows, strict=True))
    count = len(rows)
    fields: dict[str, Any] = {
        "arrival_s": arrival, "started_s": arrival, "first_s": first, "finished_s": finished,
        "input_tokens": np.full(count, 100), "cached_tokens": np.zeros(count, np.int64), "output_tokens": output,
        "endpoint": np.zeros(count, np.int64), "preemptions": np.zeros(count, np.int64), "cost_usd": np.zeros(count),
        "endpoints": ("a",), "busy_s": {"a": 5.0},
    }  # fmt: skip
    return Columns(**(fields | changes))


def test_percentiles_by_hand() -> None:
    # Of 0, 1, ... 10 the p-th percentile is p / 10; between two values it is linear.
    assert distribution(np.arange(11.0)[::-1]) == {"mean": 5.0, "p50": 5.0, "p90": 9.0, "p99": pytest.approx(9.9)}
    assert distribution(np.array([1.0, 3.0])) == {
        "mean": 2.0, "p50": 2.0, "p90": pytest.approx(2.8), "p99": pytest.approx(2.98),
    }  # fmt: skip
    assert distribution(np.array([])) == {"mean": None, "p50": None, "p90": None, "p99": None}


# In time; first token late; too slow after it: 4 tokens in 0.6 s; one token; never served.
ROWS = [(0.0, 0.5, 1.0, 11), (1.0, 2.5, 2.6, 5), (2.0, 2.5, 3.1, 5), (3.0, 4.0, 4.0, 1), (4.0, -1.0, -1.0, 3)]


def test_latencies_and_goodput_by_hand() -> None:
    found = summary(columns_of(ROWS), Slo(ttft_s=1.0, tpot_s=0.1), wall_s=0.5)
    assert (found["requests"], found["served"], found["failed"], found["requests_per_s"]) == (5, 4, 1, 10.0)
    assert found["makespan_s"] == 4.0
    # First and fourth are good: 2 in 4 s, of five calls. The bounds are inclusive: the fourth's first token took 1 s.
    assert (found["goodput"], found["slo_share"]) == (0.5, 0.4)
    assert found["ttft_s"]["mean"] == pytest.approx((0.5 + 1.5 + 0.5 + 1.0) / 4)
    assert found["e2e_s"]["mean"] == pytest.approx((1.0 + 1.6 + 1.1 + 1.0) / 4)
    assert found["tpot_s"]["mean"] == pytest.approx((0.05 + 0.025 + 0.15) / 3)  # a call of one token has none
    assert found["utilisation"] == {"a": 1.25}
    strict = summary(columns_of(ROWS), Slo(ttft_s=0.9, tpot_s=0.01), wall_s=0.0)
    assert (strict["goodput"], strict["slo_share"], strict["requests_per_s"]) == (0.0, 0.0, None)


def test_a_price_by_hand() -> None:
    # Units of 512: the second call shares one. 3 and 15 USD a million tokens, cached ones 0.3:
    # 1000 x 3 + 2 x 15, and 488 x 3 + 512 x 0.3 + 4 x 15, all by a million.
    trace = make_trace("t", [0.0, 50.0], [1000, 1000], [2, 4], prefixes=[[1], [1]])
    columns = replay(trace, fleet_of(a=profile(price=price(3, 15, 0.3))))
    assert columns.cached_tokens.tolist() == [0, 512]
    assert columns.cost_usd == pytest.approx([3030e-6, (1464 + 153.6 + 60) * 1e-6])
    assert columns.total_usd() == pytest.approx(columns.cost_usd.sum())
    assert columns.kv_hit_rate() == 512 / 2000
    # Without a price of their own cached tokens cost as the others.
    dear = replay(trace, fleet_of(a=profile(price=price(3, 15))))
    assert dear.cost_usd == pytest.approx([3030e-6, 3060e-6])


def test_an_hourly_price_by_hand() -> None:
    # From the first arrival to the last answer 50 + 4 s, at 7.2 USD an hour: 0.002 a second.
    trace = make_trace("t", [10.0, 60.0], [100, 100], [2, 4])
    columns = replay(trace, fleet_of(a=profile(usd_per_hour=quantity(7.2))))
    assert columns.arrival_s.tolist() == [0.0, 50.0]
    assert columns.total_usd() == pytest.approx(54 * 0.002)
    assert columns.cost_usd.tolist() == [0.0, 0.0]


def test_replicas_serve_as_many_as_are_paid_for() -> None:
    settings = EngineSettings(max_num_seqs=1)
    hired = profile(usd_per_hour=quantity(3600.0), engine=settings)
    columns = replay(make_trace("t", [0.0, 0.0], [10, 10], [5, 5]), fleet_of(replicas=2, a=hired))
    assert columns.finished_s.tolist() == [5.0, 5.0]
    assert columns.total_usd() == pytest.approx(2 * 5.0)


def test_without_prefix_caching_the_hit_rate_is_zero() -> None:
    trace = make_trace("t", [0.0, 50.0], [1000, 1000], [2, 4], prefixes=[[1], [1]])
    assert replay(trace, fleet_of(a=profile(engine=EngineSettings(prefix_caching=False)))).kv_hit_rate() == 0.0


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("first", [0, 0, 0, 0, 0]),
        ("round_robin", [0, 1, 0, 1, 0]),
        ("cheapest", [1, 1, 1, 1, 1]),
        # Each call takes 10 s: the third finds one on each; the fourth, at 12, the first's endpoint free.
        ("least_loaded", [0, 1, 0, 1, 0]),
    ],
)
def test_routers_between_two_endpoints(name: str, chosen: list[int]) -> None:
    trace = make_trace("t", [0.0, 1.0, 2.0, 3.0, 30.0], [10] * 5, [10] * 5)
    two = fleet_of(build_router(name, 0), dear=profile(price=price(9, 9)), cheap=profile(price=price(1, 1)))
    columns = replay(trace, two)
    assert columns.endpoint.tolist() == chosen
    assert columns.endpoints == ("dear", "cheap")
    usd = {0: 180e-6, 1: 20e-6}
    assert columns.cost_usd == pytest.approx([usd[place] for place in chosen])
    assert columns.served.all()


def test_least_loaded_knows_who_has_ended() -> None:
    # The fast endpoint ends each call within 2 s, the slow one in 200: only the second call goes there.
    trace = make_trace("t", [0.0, 0.5, 10.0, 20.0, 30.0], [10] * 5, [2] * 5)
    two = fleet_of(build_router("least_loaded", 0), fast=profile(), slow=profile(fixed_s=100.0))
    assert replay(trace, two).endpoint.tolist() == [0, 1, 0, 0, 0]


def test_random_draws_by_its_seed() -> None:
    trace = make_trace("t", list(range(200)), [10] * 200, [2] * 200)
    draws = [
        replay(trace, fleet_of(build_router("random", seed), a=profile(), b=profile())).endpoint for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()
    assert 70 <= draws[0].sum() <= 130
    assert set(router_names()) >= {"first", "round_robin", "cheapest", "least_loaded", "random"}


class Bad(Router):
    def __init__(self, choice: Any) -> None:
        self._choice = choice

    def choose(self, call: Call, fleet: FleetStatus) -> Any:
        return self._choice(fleet) if callable(self._choice) else self._choice


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (None, r"Bad.choose\(\) returned None; it must return one of fleet.able\(call\)"),
        ("a", r"Bad.choose\(\) returned 'a'; it must"),
        (0, r"Bad.choose\(\) returned 0; it must"),
        (
            lambda fleet: Candidate("c", fleet.candidates[0].profile, fleet.candidates[0].capabilities, 0),
            r"unknown endpoint chosen by router Bad: 'c'.*Allowed: a, b",
        ),
    ],
)
def test_a_router_that_returns_no_endpoint(choice: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replay(small_trace(3), fleet_of(Bad(choice), a=profile(), b=profile()))


def test_a_call_goes_where_it_fits() -> None:
    small = EngineSettings(kv_blocks=10)  # 160 tokens
    trace = make_trace("t", [0.0, 1.0, 2.0], [100, 161, 150], [10, 10, 10])
    columns = replay(trace, fleet_of(a=profile(engine=small), b=profile()))
    assert columns.endpoint.tolist() == [0, 1, 0]


def test_a_call_too_large_is_found_before_anything_runs() -> None:
    class Never(Router):
        def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
            raise AssertionError("something ran")

    a, b = profile(engine=EngineSettings(kv_blocks=10)), profile(context_tokens=quantity(200))
    trace = make_trace("t.jsonl", [0.0, 1.0, 2.0], [100, 191, 500], [10, 10, 10], lines=[1, 2, 4])
    with pytest.raises(UsageError, match=r"^t\.jsonl:2: a call of 191 tokens in and 10 out fits no endpoint; tokens"
                       r" that fit: a 160, b 200\. 2 of 3 calls are too large$"):  # fmt: skip
        replay(trace, fleet_of(Never(), a=a, b=b))
    replay(make_trace("t", [0.0], [190], [10]), fleet_of(a=a, b=b))


def test_an_endpoint_without_step_times() -> None:
    unknown = Profile(model="none", chip="cpu", provider="null")
    with pytest.raises(UsageError, match=r"endpoint 'a': .*no step times.*commissure calibrate a"):
        replay(small_trace(3), fleet_of(a=unknown))


def test_blocks_that_do_not_divide_the_traces_units() -> None:
    with pytest.raises(UsageError, match=r"endpoint 'a': block_tokens must divide the 512 tokens"):
        trace = make_trace("t", [0.0], [600], [2], prefixes=[[1]])
        replay(trace, fleet_of(a=profile(engine=EngineSettings(block_tokens=24))))


def test_a_budget_holds_what_it_says_and_counts_what_was_used() -> None:
    trace = make_trace("t", [0.0, 100.0, 200.0], [1000, 1000, 1000], [10, 10, 10])
    priced = profile(price=price(input_usd=1.0, output_usd=10.0))
    each = (1000 * 1.0 + 10 * 10.0) / 1e6
    columns = replay(trace, fleet_of(a=priced), budget=Budget(usd=2.5 * each))
    assert columns.served.tolist() == [True, True, False]
    assert columns.total_usd() == pytest.approx(2 * each)
    assert "the budget holds" in str(columns.errors[2])


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3000), st.integers(1, 500), st.integers(0, 20)), max_size=40),
    st.integers(0, 30_000),
)
@settings(derandomize=True, deadline=None)
def test_accounts_keep_the_rules_of_the_ledger(moves: list[tuple[bool, int, int, int]], millionths: int) -> None:
    """Against `hal.ledger.Ledger`, with prices that binary numbers hold exactly."""
    priced = profile(price=price(2.0**-1, 2.0))
    budget = Budget(usd=millionths / 2**20 / 10, tokens=20_000, calls=12)
    ledger, inputs, outputs = Ledger(budget), [one[1] + 1 for one in moves], [one[2] for one in moves]
    accounts = Accounts(
        budget.usd, budget.tokens, budget.calls, [_tariff(priced)], (inputs, outputs), lambda number: sent.append,
        [0] * len(moves), lambda job: None, lambda *need: BudgetExceeded("no"),
    )  # fmt: skip
    sent: list[Job] = []
    under_way: list[tuple[Job, Reservation]] = []
    for number, (_, _, _, which) in enumerate(moves):
        job = Job(inputs[number], outputs[number], index=number)
        job.done = accounts.ended
        accounts.route(number)(job)
        need = Amount(priced.price_usd(Usage(job.prompt, 0, job.output)), job.prompt + job.output, 1)
        try:
            under_way.append((job, ledger.reserve(need)))
        except BudgetExceeded:
            assert isinstance(job.error, BudgetExceeded)
        else:
            assert job.error is None
        if under_way and moves[number][0]:
            ended, reservation = under_way.pop(which % len(under_way))
            ended.cached = ended.prompt // 2
            accounts.ended(ended)
            usage = Usage(ended.prompt, ended.cached, ended.output)
            ledger.commit(reservation, Amount(priced.price_usd(usage), ended.prompt + ended.output, 1))
    assert accounts.spent_usd == pytest.approx(ledger.spent.usd, abs=1e-12)
    assert (accounts.spent_tokens, accounts.spent_calls) == (ledger.spent.tokens, ledger.spent.calls)
