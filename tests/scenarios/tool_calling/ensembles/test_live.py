"""Eight records on the two real models, under the grammars of the real engine; recorded, and replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.kept import Kept
from commissure.scenarios.run import Run, run
from commissure.scenarios.scenario import parse_settings
from commissure.scenarios.tool_calling.ensembles.measures import Measures
from commissure.scenarios.tool_calling.tool_calls import SCENARIO

pytestmark = pytest.mark.local
SET = {"records": "8", "families": "listings,labels", "n": "6"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Kept, Path]:
    folder, kept = tmp_path_factory.mktemp("recorded"), Kept()
    return asked("live", kept, record=folder), kept, folder


def asked(world: Any, kept: Kept, **how: Any) -> Run:
    settings: Any = parse_settings(SCENARIO, SET)
    fleet = SCENARIO.fleet(Fleet.load("local-pair"), settings, "per_field", 0)
    return run(SCENARIO.go_on, fleet, settings, "per_field", kept, world=world, **how)


def measures(done: Run) -> Measures:
    return Measures.model_validate(done.result["ensembles"])


def test_every_answer_parses_keeps_to_its_schema_and_is_asked_for_once(live: tuple[Run, Kept, Path]) -> None:
    found = measures(live[0])
    assert found.valid.answers == 2 * 8 * (2 + 1 + 6)
    assert found.valid.parsed == found.valid.accepted == found.valid.answers, found.valid.shown
    assert len(live[0].calls) == 2 * 8 * 3
    assert not live[0].failures


def test_candidates_of_a_real_model_differ_and_some_are_right(live: tuple[Run, Kept, Path]) -> None:
    found = measures(live[0])
    right = {(row.who, row.policy): row.right[0] for row in found.rows}
    for name, one in found.members.items():
        assert 0 < one.agreement < 1
        assert right[name, "oracle"] >= right[name, "one sample"] > 0
        assert one.pace.candidates_tokens > 3 * one.pace.greedy_tokens
        assert one.foretold is not None
        assert {row.policy for row in found.rows if row.who == name} >= {"best_logprob", "grounded", "weighted_fields"}


def test_its_recording_gives_the_same_measures_again(live: tuple[Run, Kept, Path]) -> None:
    again = measures(asked("sim", Kept(), recording=live[2]))
    told = measures(live[0])
    assert again.rows == told.rows
    assert again.valid == told.valid


def test_what_is_kept_needs_no_engine(live: tuple[Run, Kept, Path]) -> None:
    whole = live[1]
    again = asked("live", Kept("", dict(whole._found)))
    assert not again.calls
    assert measures(again) == measures(live[0])
