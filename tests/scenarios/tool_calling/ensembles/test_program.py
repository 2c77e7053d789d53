from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import commissure as cm
from commissure.hal.call import Call
from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.kept import Kept
from commissure.scenarios.run import Run, run
from commissure.scenarios.scenario import parse_settings
from commissure.scenarios.tool_calling.ensembles.measures import Measures
from commissure.scenarios.tool_calling.ensembles.tables import tables_of
from commissure.scenarios.tool_calling.tool_calls import SCENARIO
from tests.scenarios.tool_calling.ensembles.said import Says

PAIR = "local-pair"


def by_dice(model: str, call: Call) -> str:
    """Right more often than not; the larger model more often still."""
    price = dice(f"{model} {call.agent} {call.seed}").choice([24.99, 24.99, 10.5, 99.0])
    return json.dumps({"name": "Acme kettle", "price": price, "in_stock": True})


def asked(
    policy: str = "per_field",
    say: Any = by_dice,
    fleet: Fleet | str = PAIR,
    kept: Kept | None = None,
    seed: int = 3,
    **given: Any,
) -> Run:
    settings: Any = parse_settings(SCENARIO, {name: str(value) for name, value in {"records": 4, **given}.items()})
    whole = Fleet.load(fleet) if isinstance(fleet, str) else fleet
    ready = SCENARIO.fleet(whole, settings, policy, seed)
    work = Kept() if kept is None else kept
    return run(SCENARIO.go_on, ready, settings, policy, work, world="sim", seed=seed, behaviour=Says(say))


def measures(done: Run) -> Measures:
    return Measures.model_validate(done.result["ensembles"])


def test_each_member_gives_pilots_one_greedy_answer_and_n_candidates() -> None:
    found = measures(done := asked(n=5))
    assert [call.kind for call in done.calls[:1]] == ["listings"]
    # Pilots, greedy, candidates: one call each, of two, one and five answers.
    assert len(done.calls) == 2 * 4 * 3
    assert found.valid.answers == 2 * 4 * (2 + 1 + 5)
    assert found.valid.parsed == found.valid.answers
    assert {row.candidates for row in found.rows if row.policy == "per_field"} == {5.0}
    assert found.larger == "large"
    assert set(found.members) == {"small", "large"}
    assert found.members["small"].pace.candidates_tokens == 50


def test_the_same_seed_is_the_same_run_and_another_is_not() -> None:
    first, again = asked(), asked()
    assert (first.trace_hash, first.result) == (again.trace_hash, again.result)
    assert asked(seed=4).result != first.result


def test_the_vote_is_foretold_before_any_candidate_is_asked_for() -> None:
    kept = Kept()
    asked(kept=kept)
    keys = list(kept._found)
    for name in ("small", "large"):
        at = keys.index(f"{name} foretold")
        assert all("pilots" in key for key in keys[:at] if key.startswith(name))
        assert not any("pilots" in key for key in keys[at:] if key.startswith(name))


@pytest.mark.parametrize("most", [0, 1, 7, 13, 20])
def test_what_is_kept_is_not_asked_again_and_the_result_is_the_same(most: int) -> None:
    whole = Kept()
    first = asked(kept=whole)
    part = Kept("", dict(list(whole._found.items())[:most]))
    second = asked(kept=part)
    assert part._found.keys() == whole._found.keys()
    assert len(second.calls) == len(first.calls) - sum("foretold" not in key for key in list(whole._found)[:most])
    told = [(row.who, row.policy, row.right) for row in measures(second).rows]
    assert told == [(row.who, row.policy, row.right) for row in measures(first).rows]


def test_half_of_the_records_have_their_candidates_first() -> None:
    done = asked(n=2, pilots=False, families="listings", fleet="local")
    phases = [call.prompt_tokens > 0 and call.output_tokens for call in done.calls]
    assert phases == [10, 20, 20, 10, 10, 20, 20, 10]


@pytest.mark.parametrize("policy", ["early", "adaptive"])
def test_stopping_rules_ask_for_fewer_where_all_agree(policy: str) -> None:
    same = json.dumps({"name": "Acme kettle", "price": 1, "in_stock": True})
    found = measures(asked(policy, lambda model, call: same, fleet="local", pilots=False))
    assert found.valid.answers < 4 * 9
    assert next(row for row in found.rows if row.policy == "plurality").candidates < 8


def test_a_mix_asks_each_member_for_its_part() -> None:
    found = measures(asked("mixed", n=5))
    used = {(row.who, row.policy): row.candidates for row in found.rows}
    assert (used["small", "per_field"], used["large", "per_field"], used["mixed", "per_field"]) == (3, 2, 5)


@pytest.mark.parametrize("diversity", ["examples", "order", "fields"])
def test_forms_of_the_prompt_are_calls_of_their_own(diversity: str) -> None:
    prompts: dict[str, set[str]] = {}

    def say(model: str, call: Call) -> str:
        prompts.setdefault(call.agent, set()).add(call.prompt)
        return by_dice(model, call)

    done = asked(say=say, diversity=diversity, families="listings", fleet="local", n=4)
    assert measures(done).valid.answers == 4 * (2 + 1 + 4)
    shown = [len(found) for agent, found in prompts.items() if agent.endswith("candidates")]
    assert all(count > 1 for count in shown)
    assert all(len(found) == 1 for agent, found in prompts.items() if agent.endswith("greedy"))


def test_an_endpoint_that_caps_n_is_asked_several_times() -> None:
    whole = Fleet.load("h100")
    specs = tuple(one.model_copy(update={"capabilities": {"most_answers": 3}}) for one in whole.specs)
    capped = replace(whole, specs=specs)
    found = measures(asked(fleet=capped, n=8))
    assert {row.candidates for row in found.rows if row.policy == "plurality"} == {8.0}


@pytest.mark.parametrize("text", ["", "no idea", '{"name": null, "price": null, "in_stock": null}', "[]", "null", "3"])
def test_answers_that_are_none_score_nothing_and_break_nothing(text: str) -> None:
    found = measures(asked(say=lambda model, call: text, grammar=False, fleet="local"))
    assert all(row.right[0] == row.fields[0] == 0 for row in found.rows)
    assert found.valid.accepted == 0


def test_verdicts_are_asked_for_under_verified() -> None:
    def say(model: str, call: Call) -> str:
        return " yes" if call.kind == "verify" else by_dice(model, call)

    found = asked("verified", say, fleet="local", families="listings")
    assert any(call.kind == "verify" for call in found.calls)
    assert "verified" in {row.policy for row in measures(found).rows}
    # One token for each distinct answer.
    assert measures(found).members["local"].pace.verify_tokens == sum(call.kind == "verify" for call in found.calls) / 4
    assert "verified" not in {row.policy for row in measures(asked(fleet="local")).rows}


def test_a_users_own_selector_is_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "longest.py").write_text(
        "import commissure as cm\n\nclass Longest(cm.Selector):\n    def select(self, candidates, question):\n"
        "        parsed = [n for n, one in enumerate(candidates) if one.parsed]\n"
        "        if not parsed:\n            return cm.NO_DECISION\n"
        "        best = max(parsed, key=lambda n: (len(candidates[n].text), -n))\n"
        "        return cm.Decision(candidates[best].value, best, 1.0)\n"
    )
    monkeypatch.chdir(tmp_path)
    found = measures(asked("longest.py:Longest", fleet="local"))
    assert "longest.py:Longest" in {row.policy for row in found.rows}
    assert found.members["local"].own.policy == "longest.py:Longest"


def test_an_endpoint_without_room_is_told_before_it_is_asked() -> None:
    with pytest.raises(UsageError, match=r"cannot serve a call of .*room for 256"):
        asked(slot_tokens=256)


def test_more_records_than_there_are_is_told() -> None:
    with pytest.raises(UsageError, match="records"):
        asked(families="bfcl-live-simple", records=900)


def test_tables_have_every_policy_the_baselines_and_whether_the_prediction_held() -> None:
    from commissure.scenarios.legs import summarise

    settings = parse_settings(SCENARIO, {"records": "4"})
    leg = summarise(SCENARIO, settings, "per_field", asked())
    policies, pace, votes, best, families = tables_of([leg])
    shown = {(row[0], row[1]) for row in policies.rows}
    assert {(who, kind) for who in ("small", "large") for kind in ("greedy", "one sample", "oracle")} <= shown
    assert ("mixed", "per_field") in shown
    assert len(pace.rows) == len(best.rows) == 2
    assert [row[:3] for row in families.rows if row[0] == "small"] == [
        ["small", "listings", "2"], ["small", "tickets", "1"], ["small", "orders", "1"]
    ]  # fmt: skip
    assert {row[-1] for row in votes.rows} <= {"yes", "NO"}
    assert len(SCENARIO.figures([leg])) == 5
    assert all("<svg" in svg for _, svg in SCENARIO.figures([leg]))
    assert "small" in SCENARIO.columns(leg.measures)["candidates' time"]


def test_public_names() -> None:
    decided = cm.build_selector("plurality").select([cm.Sample("1", 1, parsed=True)], cm.Question("one"))
    assert decided == cm.Decision(1, 0, 1.0)


def test_a_line_of_kept_work_that_was_edited_is_named() -> None:
    key = "small listings/3/0 pilots"
    with pytest.raises(UsageError, match=rf"kept\.jsonl, '{key}': samples: Field required.*asked again"):
        asked(kept=Kept("", {key: {"sampels": []}}), families="listings")
