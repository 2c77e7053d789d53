"""The scenario from outside: its settings, its command, its tables, and what its claims say."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.ledger import Budget
from commissure.scenarios.deep_context.activity_report import SCENARIO
from commissure.scenarios.deep_context.reporting import claims
from commissure.scenarios.deep_context.reporting.claims import report_claims, verdict_of
from commissure.scenarios.deep_context.reporting.points import report_points
from commissure.scenarios.deep_context.reporting.program import prepared
from commissure.scenarios.deep_context.reporting.recipe import POLICIES
from commissure.scenarios.deep_context.reporting.roles import roles_of
from commissure.scenarios.deep_context.reporting.synthetic import synthetic
from commissure.scenarios.scenario import find_scenario, parse_settings
from commissure.theory.intervals import Interval
from tests.scenarios.deep_context.reporting.made import leg, settings


def test_the_command_compares_all_policies_in_sim(tmp_path: Path) -> None:
    words = ["compare", "activity-report", "--sim-only", "--fleet", "mixed", "--set", "log=synthetic",
             "--set", "tokens=1500", "--json"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "commissure", *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    legs = json.loads(done.stdout)["legs"]
    assert [one["policy"] for one in legs] == list(POLICIES)
    assert all(one["report"]["points"] for one in legs)
    assert done.stderr == "", "no progress bar in a pipe"
    (folder,) = (tmp_path / "runs").iterdir()
    steps = [json.loads(line) for line in (folder / "trajectory.jsonl").read_text().splitlines()]
    assert {one["tree"] for one in steps} == set(POLICIES)
    assert len(steps) == sum(one["calls"] for one in legs)


@pytest.mark.parametrize(("changes", "message"), [
    ({"leaf": "cerebra"}, "cerebras"), ({"root": "nobody"}, "root"), ({"repo": ".", "log": "x"}, "give one of them"),
    ({"log": "/no/such/file.jsonl"}, "cannot be read"), ({"log": "", "repo": "/no/such/place"}, "no folder"),
    ({"stand_in": "gpt-oss"}, "gpt-oss-120b"),
])  # fmt: skip
def test_settings_that_cannot_be_met_are_told(changes: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SCENARIO.fleet(Fleet.load("mixed"), settings(**changes), "heterogeneous", 0)


def test_no_limit_is_infinite_in_what_is_printed() -> None:
    assert json.dumps(settings().model_dump(), allow_nan=False)
    assert settings().limits.usd == math.inf
    assert settings(usd=0.5, calls=7).limits.budget == Budget(usd=0.5, calls=7)


def test_its_settings_come_from_the_command_line() -> None:
    given = parse_settings(find_scenario("activity-report"), {"tokens": "1500", "extract": "code", "verify": "false"})
    assert given.model_dump(include={"tokens", "extract", "verify"}) == {
        "tokens": 1500, "extract": "code", "verify": False
    }  # fmt: skip


def test_roles_are_the_dearest_and_the_cheapest_unless_named() -> None:
    profiles = Fleet.load("mixed").profiles
    found = roles_of(profiles, settings(), "heterogeneous")
    assert (found.reads, found.writes, found.checks) == ("cerebras", "claude", "cerebras")
    named = roles_of(profiles, settings(root="gpt", leaf="sambanova", verifier="box"), "heterogeneous")
    assert (named.reads, named.writes, named.checks) == ("sambanova", "gpt", "box")
    assert roles_of(profiles, settings(baseline="gpt"), "one_call").writes == "gpt"
    local = roles_of(Fleet.load("local-pair").profiles, settings(), "heterogeneous")
    assert (local.reads, local.writes) == ("small", "large"), "without prices, by size"


def test_a_box_by_the_hour_is_hired_only_where_it_works() -> None:
    given = settings()
    assert prepared(Fleet.load("mixed"), given, "heterogeneous", 0).usd_per_hour == 0
    assert prepared(Fleet.load("mixed"), settings(leaf="box"), "heterogeneous", 0).usd_per_hour > 0


def test_tables_and_figures_tell_every_leg() -> None:
    legs = [leg(policy, settings(tokens=1500)) for policy in ("one_call", "heterogeneous")]
    for table in SCENARIO.tables(legs):
        assert [row[1] for row in table.rows] == ["one_call", "heterogeneous"]
        assert all(len(row) == len(table.head) for row in table.rows)
    assert all("<svg" in svg for _, svg in SCENARIO.figures(legs))
    assert SCENARIO.columns(legs[0].measures)["left out"] == "0 of 1"


def test_a_made_up_log_is_the_same_for_the_same_seed_and_has_its_traps() -> None:
    log = synthetic(5, 60_000)
    assert log == synthetic(5, 60_000) != synthetic(6, 60_000)
    assert len({one.sha for one in log}) == len(log)
    assert all(older.day <= newer.day for newer, older in pairwise(log))
    assert any(one.subject.startswith('Revert "') and one.body for one in log)
    assert any(one.co_authors for one in log)
    assert any(one.pr is None for one in log)


def test_claims_say_what_was_compared_and_are_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(claims.CLAIMED, 200_000)  # which takes seconds
    (one,) = report_claims([])
    assert one.id == "activity-report/30k"
    assert one.live is None
    assert "assumed" in one.why
    short = report_points(30_000)
    assert short.one_call.low <= short.one_call.mean <= short.one_call.high < 100
    assert short.more.mean == pytest.approx(short.heterogeneous.mean - short.one_call.mean)


def test_a_verdict_needs_both_numbers_and_a_long_call_that_was_made() -> None:
    met = replace(report_points(30_000), cheaper=2.2, more=Interval(12.5, 12.0, 13.0), failures={})
    assert verdict_of(met) == "reproduced"
    assert verdict_of(replace(met, cheaper=2.4)) == "not reproduced"
    assert verdict_of(replace(met, more=Interval(20.0, 19.0, 21.0))) == "not reproduced"
    assert verdict_of(replace(met, failures={"room": 3})) == "not testable"


def test_live_runs_are_told_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(claims.CLAIMED, 200_000)
    one = leg("heterogeneous", settings(tokens=1500)).flat() | {"world": "live"}
    assert report_claims([one])[0].live == {
        "points by policy on small local models": {"heterogeneous": round(one["report"]["total"], 1)}
    }


@pytest.mark.parametrize("key", ["usd", "calls", "wall_s"])
@pytest.mark.parametrize("value", ["inf", "nan", "0", "-1"])
def test_a_limit_is_a_finite_number(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=key):
        parse_settings(SCENARIO, {key: value})
