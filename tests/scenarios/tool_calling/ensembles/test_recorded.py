from __future__ import annotations

from typing import Any

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.kept import Kept
from commissure.scenarios.run import run
from commissure.scenarios.scenario import parse_settings
from commissure.scenarios.tool_calling.ensembles.recorded import recorded
from commissure.scenarios.tool_calling.tool_calls import SCENARIO


def said(**given: str) -> dict[str, Any]:
    settings: Any = parse_settings(SCENARIO, {"records": "4", "families": "listings,labels"} | given)
    fleet, kept = SCENARIO.fleet(Fleet.load("local"), settings, "plurality", 0), Kept()
    behaviour = SCENARIO.behaviour(settings, 0)
    run(SCENARIO.go_on, fleet, settings, "plurality", kept, world="sim", behaviour=behaviour)
    return kept._found


def texts(asked: dict[str, Any]) -> list[str]:
    return [one["text"] for one in asked["samples"]]


def test_eight_candidates_are_the_recorded_eight_and_pilots_and_greedy_too() -> None:
    found = said()
    for name in ("listings/0/0", "listings/0/1", "labels/0/0", "labels/0/1"):
        line = recorded().lines["smollm2-135m", name]
        assert texts(found[f"local {name} greedy"]) == [one.text for one in line.greedy.samples]
        assert texts(found[f"local {name} candidates"]) == [one.text for one in line.candidates.samples]
        assert line.pilots is not None
        assert texts(found[f"local {name} pilots"]) == [one.text for one in line.pilots.samples]


def test_more_than_eight_are_drawn_of_the_eight() -> None:
    found = texts(said(n="20")["local listings/0/0 candidates"])
    line = recorded().lines["smollm2-135m", "listings/0/0"]
    eight = [one.text for one in line.candidates.samples]
    assert found[:8] == eight
    assert set(found[8:]) <= set(eight)


def test_modelled_answers_are_those_of_other_records_errors() -> None:
    plain, modelled = said(), said(says="modelled")
    assert plain.keys() == modelled.keys()
    assert plain["local listings/0/0 candidates"] != modelled["local listings/0/0 candidates"]


def test_where_no_verdict_was_recorded_none_is_made_up() -> None:
    asked = said(verify="true")["local listings/0/0 candidates"]
    line = recorded().lines["smollm2-135m", "listings/0/0"]
    assert [one["verdict"] for one in asked["samples"]] == [one.verdict for one in line.candidates.samples]
