"""What a comparison runs when the user sets what tells its variants apart."""

from collections.abc import Mapping
from typing import Any

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.compare import make_plan
from commissure.scenarios.scenario import find_scenario, parse_settings
from tests.scenarios.tool_calling.vocabularies import installed


@pytest.mark.parametrize(
    ("scenario", "changes", "expected"),
    [
        ("constrained-decoding", {}, [{"batch": batch} for batch in (1, 8, 64, 128)]),
        ("constrained-decoding", {"batch": "64", "calls": "3"}, [{"batch": 64, "calls": 3}]),
        ("constrained-decoding", {"batch": "064"}, [{"batch": 64}]),
        ("constrained-decoding", {"batch": "16"}, [{"batch": 16}]),
        ("cache-loop", {"workflow": "branching"}, [{"workflow": "branching", "iterations": 8}]),
        ("concurrent-workflows", {"turns": "40"}, [{"turns": 40}]),
        ("concurrent-workflows", {"turns": "7"}, [{"turns": 7}]),
        ("branching-agents", {"family": "nested"}, [{"family": "nested"}]),
        (
            "podcast-interview", {"disk_slots": "0"},
            [{"disk_slots": 0}, {"disk_slots": 0, "prefetch": "likely", "tool_s": 1.0}],
        ),
        ("podcast-interview", {"disk_slots": "1"}, [{"disk_slots": 1, "prefetch": "likely", "tool_s": 1.0}]),
    ],
)  # fmt: skip
def test_a_value_that_is_set_is_run(
    scenario: str, changes: Mapping[str, str], expected: list[Mapping[str, Any]]
) -> None:
    found = find_scenario(scenario)
    if scenario == "constrained-decoding":
        installed("smollm2")
    plan = make_plan(found, Fleet.load("local"), ["sim"], found.policies[:1], 0, changes, all_variants=True)
    wanted = [parse_settings(found, {key: str(value) for key, value in one.items()}) for one in expected]
    assert list(plan.variants) == wanted


def test_a_value_that_cannot_be_is_told() -> None:
    found = find_scenario("cache-loop")
    with pytest.raises(UsageError, match="setting workflow: Input should be 'loop' or 'branching'"):
        make_plan(found, Fleet.load("local"), ["sim"], ["lru"], 0, {"workflow": "nested"}, all_variants=True)


@pytest.mark.parametrize(("worlds", "policies"), [([], ["lru"]), (["sim"], [])])
def test_nothing_to_run_is_an_error(worlds: list[Any], policies: list[str]) -> None:
    with pytest.raises(UsageError, match="nothing to run"):
        make_plan(find_scenario("cache-loop"), Fleet.load("local"), worlds, policies, 0, {}, all_variants=True)
