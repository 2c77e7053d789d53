"""Both scenarios on the real local engine: the same program, under real token counts and a real budget."""

from __future__ import annotations

import pytest

import commissure as cm
from commissure.hal.journal import StepRecord
from commissure.scenarios.legs import run_leg
from commissure.scenarios.scenario import find_scenario, parse_settings

pytestmark = pytest.mark.local


@pytest.mark.parametrize("policy", ["direct", "fixed_plan"])
def test_oolong_lives(policy: str) -> None:
    scenario = find_scenario("oolong")
    given = {"tokens": "520", "questions": "2", "chunk_tokens": "280", "fan_out": "2", "calls": "20"}
    settings = parse_settings(scenario, given | {"families": "counting,needle", "slot_tokens": "2048"})
    steps: list[StepRecord] = []
    done = run_leg(scenario, settings, cm.Fleet.load("local"), policy, "live", 0, on_step=steps.append)
    results = done.result["oolong"]["results"]
    assert [one["id"] for one in results] == ["q001", "q002"]
    assert all(0 <= one["score"] <= 1 for one in results)
    # Every call is a step, with the tokens that the server counted.
    assert [(step.prompt_tokens, step.output_tokens) for step in steps if not step.error] == [
        (call.prompt_tokens, call.output_tokens) for call in done.calls
    ]
    assert {call.timing for call in done.calls} == {"server"}
    assert sum(one["calls"] for one in results) == len(done.calls)
    if policy == "fixed_plan":
        # The grammar holds the model to a letter a row, so that every piece can be read.
        assert results[0]["complete"]
        assert results[0]["failures"] == {}


def test_a_live_budget_is_kept_and_what_there_is_is_told() -> None:
    scenario = find_scenario("oolong")
    given = {"tokens": "520", "questions": "1", "chunk_tokens": "280", "fan_out": "1", "calls": "1"}
    settings = parse_settings(scenario, given | {"families": "counting", "slot_tokens": "1024"})
    done = run_leg(scenario, settings, cm.Fleet.load("local"), "fixed_plan", "live", 0)
    (result,) = done.result["oolong"]["results"]
    assert len(done.calls) == 1
    assert not result["complete"]
    assert result["failures"]["budget"] >= 1
