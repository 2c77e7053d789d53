"""The pieces of a sweep: its grid, the leaves of measures, names of measures, statistics over seeds."""

import random
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.legs import run_leg
from commissure.scenarios.scenario import find_scenario, parse_settings
from commissure.scenarios.sweep.aims import Aim, choose, parse_measures
from commissure.scenarios.sweep.grid import make_grid, parse_over
from commissure.scenarios.sweep.leg import Ended, Job, leaves, run_job
from commissure.scenarios.sweep.row import RESAMPLES, aggregate
from commissure.theory.intervals import mean_interval

LOOP = find_scenario("cache-loop")


def test_the_grid_is_the_whole_cross_product_once_each() -> None:
    over = ["slots=1,2, 2", "workflow=loop,branching", "fleet=local,local-pair"]
    grid = make_grid(LOOP, over, {"agents": "3"}, None, ["lru", "mru", "lru"], 5)
    found = list(grid.combinations())
    assert [point.number for point in found] == list(range(16))
    assert grid.legs == 16 * 5
    assert len({str(point) for point in found}) == 16
    assert str(found[0]) == "slots=1, workflow=loop, local, lru"
    assert str(found[-1]) == "slots=2, workflow=branching, local-pair, mru"
    alone = make_grid(LOOP, [], {}, None, None, 1)
    assert [point.policy for point in alone.combinations()] == list(LOOP.policies)


def test_values_that_hold_commas_are_parted_by_semicolons() -> None:
    assert parse_over(["a=1,2", "b=x,y;z", "c==1"]) == {"a": ["1", "2"], "b": ["x,y", "z"], "c": ["=1"]}


def test_a_sweep_of_ten_thousand_legs_is_the_largest() -> None:
    values = ",".join(map(str, range(1, 2501)))
    assert make_grid(LOOP, [f"slots={values}"], {}, None, ["lru"], 4).legs == 10_000
    with pytest.raises(UsageError, match=r"2,500 with 5 seeds each are 12,500 legs; a sweep has at most 10,000"):
        make_grid(LOOP, [f"slots={values}"], {}, None, ["lru"], 5)


@pytest.mark.parametrize(
    ("measures", "found"),
    [
        ({"a": {"b": 1, "c": {"d": 2.5}}}, {"a.b": 1.0, "a.c.d": 2.5}),
        ({"yes": True, "no": False}, {"yes": 1.0, "no": 0.0}),
        ({"nan": float("nan"), "inf": float("inf"), "none": None, "text": "3", "huge": 10**400},
         dict.fromkeys(["nan", "inf", "none", "text", "huge"])),
        ({"score": [0.5, 0.25, 0.75], "same": [0.1, 0.1 + 1e-17, 0.1]}, {"score": 0.5, "same": 0.1}),
        ({"counts": [6, 1, 1], "two": [1, 2], "rows": [{"n": 1}], "words": ["a", "b", "c"], "empty": {}},
         dict.fromkeys(["counts", "two", "rows", "words"])),
    ],
)  # fmt: skip
def test_leaves_are_the_numbers_by_dotted_path(measures: dict[str, Any], found: dict[str, float | None]) -> None:
    assert dict(leaves(measures)) == found


def test_a_leg_measures_what_its_records_say() -> None:
    given = {"iterations": "2", "slots": "2"}
    ended = run_job(Job(7, 3, LOOP, given, "local", "lru", 1))
    done = run_leg(LOOP, parse_settings(LOOP, given), Fleet.load(), "lru", "sim", 1)
    waits = sorted(call.total_s for call in done.calls)
    assert (ended.order, ended.combination, ended.seed, ended.failed) == (7, 3, 1, None)
    assert ended.values["calls"] == len(waits) == 12
    assert waits[-2] <= ended.values["p95_s"] <= waits[-1]
    assert ended.values["time_s"] == done.time_s
    assert ended.values["tokens"] == sum(call.prompt_tokens + call.output_tokens for call in done.calls)
    assert ended.values["misses"] == sum(call.miss for call in done.calls)
    assert "misses_per_iteration" in ended.others


def test_a_scenario_cannot_pass_its_own_for_the_ledger_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(LOOP), "measure", lambda *_: {"calls": -1, "own": -1})
    ended = run_job(Job(0, 0, LOOP, {"iterations": "1"}, "local", "lru", 0))
    assert (ended.values["calls"], ended.values["own"]) == (6.0, -1.0)


def test_what_fails_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_job(Job(0, 0, LOOP, {"slots": "0"}, "local", "lru", 0)).failed == (
        "setting slots: Input should be greater than or equal to 1 (given: '0')"
    )
    monkeypatch.setattr(type(LOOP), "measure", lambda *_: dict[str, int]()["gone"])
    assert run_job(Job(0, 0, LOOP, {"iterations": "1"}, "local", "lru", 0)).failed == "internal error: KeyError: 'gone'"


KNOWN = ["cost_usd", "time_s", "p95_s", "misses", "oolong.score"]


@pytest.mark.parametrize(
    ("asked", "known", "aims"),
    [
        (None, KNOWN, ["oolong.score (max)", "cost_usd (min)", "time_s (min)"]),
        (None, KNOWN[:-1], ["cost_usd (min)", "time_s (min)", "p95_s (min)"]),
        (None, [*KNOWN, "other.score"], ["cost_usd (min)", "time_s (min)", "p95_s (min)"]),
        ("score, misses", KNOWN, ["oolong.score (max)", "misses (max)"]),
        ("min:misses,max:time_s,p95_s,p95_s", KNOWN, ["misses (min)", "time_s (max)", "p95_s (min)"]),
        ("score", [*KNOWN, "score"], ["score (max)"]),
    ],
)
def test_measures_have_names_and_ways(asked: str | None, known: list[str], aims: list[str]) -> None:
    assert [str(aim) for aim in choose(None if asked is None else parse_measures(asked), known, [])] == aims


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("best:misses", r"unknown direction of a measure 'best'\. Allowed: max, min"),
        ("misses,,time_s", r"--measure misses,,time_s: give names"),
        ("max:", r"--measure max:: give names"),
        ("mises", r"unknown measure 'mises'\. Did you mean 'misses'\? Allowed: a\.n, b\.n, misses"),
        ("n", r"measure 'n' may be any of these; give one whole: a\.n, b\.n"),
        ("said", r"measure 'said' is not a number in the first leg\. Those there are: a\.n, b\.n, misses"),
        ("min:misses,misses", r"measure 'misses' is asked for both ways"),
    ],
)
def test_measures_that_cannot_be(asked: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        choose(parse_measures(asked), ["misses", "a.n", "b.n"], ["told.said"])


def test_statistics_are_of_the_seeds_in_any_order() -> None:
    times = [1.0, 4.0, 2.0, 8.0]
    ended = [Ended(n, 0, n, {"time_s": time, **({"rare": 3.0} if n == 2 else {})}) for n, time in enumerate(times)]
    found, failed = aggregate(ended)
    want = mean_interval(times, seed=0, resamples=RESAMPLES)
    time = found["time_s"]
    assert (failed, time.mean, time.low, time.high, time.seeds) == (None, want.mean, want.low, want.high, 4)
    assert found["time_p95_s"].mean == np.quantile(times, 0.95)
    assert found["rare"].model_dump() == {"mean": 3.0, "low": None, "high": None, "seeds": 1}
    random.Random(3).shuffle(ended)
    assert aggregate(ended) == (found, None)
    assert aggregate([*ended, Ended(9, 0, 9, failed="late"), Ended(5, 0, 5, failed="why")]) == ({}, "seed 5: why")


def test_aims_are_told_with_their_way() -> None:
    assert (str(Aim("a", True)), str(Aim("b", False))) == ("a (max)", "b (min)")
