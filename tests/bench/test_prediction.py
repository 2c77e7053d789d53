"""How well a calibrated profile predicts the live loop: the error of each policy's run."""

from pathlib import Path

import pytest

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.compare import execute, make_plan
from commissure.scenarios.run import WORLDS
from commissure.scenarios.scenario import find_scenario

pytestmark = [pytest.mark.bench, pytest.mark.local]


@pytest.mark.timeout(900)
def test_predicted_against_measured_time(tmp_path: Path) -> None:
    scenario = find_scenario("cache-loop")
    plan = make_plan(scenario, Fleet.load(), WORLDS, scenario.policies, 0, {}, all_variants=True)
    _, legs = execute(plan, tmp_path)
    for leg in legs:
        if leg.prediction_error is not None:
            name = f"{leg.settings['workflow']}, {leg.policy}"
            print(f"\n{name:<24} predicted {leg.predicted_time_s:6.1f} s, measured {leg.time_s:6.1f} s, "
                  f"error {leg.prediction_error:+.1%}", end="")  # fmt: skip
            assert abs(leg.prediction_error) < 0.5
