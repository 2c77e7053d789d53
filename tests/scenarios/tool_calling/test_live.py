"""llama.cpp's own grammar, made of the same schemas, writes only what ours accepts."""

from collections.abc import Callable

import pytest

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.scenario import parse_settings
from commissure.scenarios.tool_calling.constrained_decoding import SCENARIO

pytestmark = pytest.mark.local


def live(policy: str, **changes: str) -> LegSummary:
    settings = parse_settings(SCENARIO, {"batch": "1", "max_tokens": "48"} | changes)
    return summarise(SCENARIO, settings, policy, run_leg(SCENARIO, settings, Fleet.load(), policy, "live", 5))


@pytest.mark.parametrize(("temperature", "calls"), [("0", 5), ("1.5", 3)])
def test_every_answer_under_a_schema_is_accepted_or_could_go_on(
    temperature: str, calls: int, record_property: Callable[[str, object], None]
) -> None:
    found = live("cpu", temperature=temperature, calls=str(calls)).measures
    told = f"{found['accepted']} accepted, {found['cut']} cut, of {found['answers']}"
    record_property(f"llama.cpp's answers under our grammars, temperature {temperature}", told)
    assert found["answers"] == calls
    assert found["refused"] == 0, found["shown"]
    assert found["accepted"] > 0
    assert found["parsed"] >= found["accepted"]


def test_without_a_schema_a_small_model_says_something_else() -> None:
    found = live("free", calls="3").measures
    assert found["refused"] == found["answers"] == 3
    assert "mask_share" not in found or found["mask_share"] == {"local": 0.0}
