"""Which runs the claims are judged by, and that their verdicts follow from what was measured."""

from typing import Any

import pytest

from commissure.scenarios.tool_calling.ensembles.best import Best
from commissure.scenarios.tool_calling.ensembles.claims import gain_claim, lead_claim
from commissure.scenarios.tool_calling.ensembles.evidence import Evidence, evidence
from commissure.scenarios.tool_calling.ensembles.measures import Measures
from commissure.scenarios.tool_calling.ensembles.valid import Valid

NOTHING = Measures(
    records=150, larger="", valid=Valid(answers=0, parsed=0, accepted=0, unchecked=0), rows=(), families=(), members={}
)
LEG: dict[str, Any] = {
    "scenario": "tool-calls", "world": "live", "policy": "plurality", "run_dir": "runs/a",
    "settings": {"records": 150, "n": 8}, "ensembles": NOTHING.model_dump(mode="json"),
}  # fmt: skip


def test_the_newest_run_of_enough_records_and_candidates_counts() -> None:
    runs = [LEG, LEG | {"run_dir": "runs/b"}, LEG | {"world": "sim", "run_dir": "runs/c"}]
    assert evidence(runs).inputs["run"] == "runs/b"


@pytest.mark.parametrize(
    "change",
    [
        {"scenario": "cache-loop"}, {"world": "sim"}, {"policy": "early"}, {"policy": "adaptive"}, {"policy": "mixed"},
        {"settings": {"records": 149, "n": 8}}, {"settings": {"records": 150, "n": 4}},
    ],
)  # fmt: skip
def test_else_the_recorded_one_does(change: dict[str, Any]) -> None:
    found = evidence([LEG | change])
    assert "recorded" in found.inputs
    assert len(found.best) == 2


def best(gain: tuple[float, float, float], lead: tuple[float, float, float] | None = None) -> Evidence:
    one = Best(
        who="m", policy="plurality", records=75, right=(0.5, 0.4, 0.6), greedy=0.4, oracle=0.7,
        against_greedy=gain, against_one=gain, against_larger=lead, gained=9, lost=1, reachable=20,
    )  # fmt: skip
    return Evidence((one,), {})


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        ((0.10, 0.02, 0.18), "reproduced"),
        ((0.10, -0.01, 0.21), "not reproduced"),
        ((0.05, 0.02, 0.08), "not reproduced"),
    ],
)
def test_the_gain_has_to_be_there_and_to_be_as_claimed(gain: tuple[float, float, float], verdict: str) -> None:
    assert gain_claim(best(gain)).verdict == verdict


@pytest.mark.parametrize(
    ("lead", "verdict"),
    [((0.02, 0.01, 0.03), "reproduced"), ((0.02, -0.01, 0.05), "not reproduced"), (None, "not reproduced")],
)
def test_the_lead_has_to_be_over_the_larger_model(lead: tuple[float, float, float] | None, verdict: str) -> None:
    assert lead_claim(best((0.1, 0.05, 0.15), lead)).verdict == verdict
