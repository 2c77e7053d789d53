"""Function calls as records: what they ask for can be written, is right, and is bounded; the sample is seeded."""

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from commissure.hal.errors import MissingExtra, UsageError
from commissure.kernels.grammar import FallbackGrammar, NotRegular, compile_schema
from commissure.scenarios.tool_calling.records import bfcl_data
from commissure.scenarios.tool_calling.records.bfcl import (
    BFCL_FAMILIES,
    LONGEST_ANSWER,
    LONGEST_PROMPT,
    WHITESPACE,
    bfcl,
    left_out,
)
from commissure.scenarios.tool_calling.records.bfcl_data import entries
from commissure.scenarios.tool_calling.records.bfcl_schema import fits
from commissure.scenarios.tool_calling.records.record import Record
from tests.scenarios.tool_calling.records.leaderboard import needs_bfcl

SIZES = {"bfcl-simple": 400, "bfcl-live-simple": 258}


def all_of(family: str) -> tuple[Record, ...]:
    return bfcl((family,), SIZES[family] - left_out((family,)).total(), seed=1000)


def written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@needs_bfcl
@pytest.mark.parametrize("family", BFCL_FAMILIES)
def test_the_right_answer_is_right_and_within_the_bounds(family: str) -> None:
    for record in all_of(family):
        assert record.score(record.truth).right
        assert record.score(record.truth).share == 1
        assert fits(record.truth, record.asked.schema)
        assert len(written(record.truth)) + WHITESPACE <= record.room_tokens <= LONGEST_ANSWER + WHITESPACE
        assert len(record.asked.prompt.text) <= LONGEST_PROMPT
        for name in record.truth:
            less = {key: value for key, value in record.truth.items() if key != name}
            assert record.score(less).fields[f"/{name}"] is record.score(less).right is False
        assert not record.score({**record.truth, "no such": 1}).right


@needs_bfcl
def test_the_grammar_accepts_what_fits() -> None:
    for record in bfcl(count=40, seed=1000):
        grammar = compile_schema(record.asked.schema)
        assert grammar.accepts(written(record.truth)), record.id
        assert not grammar.accepts(written({**record.truth, "no such": 1}))


@needs_bfcl
@pytest.mark.parametrize("family", BFCL_FAMILIES)
def test_every_possible_value_is_right_and_within_the_bounds_or_counted(family: str, record_property: Any) -> None:
    possible, seen = {entry.id: entry.possible for entry in entries(family)}, Counter[str]()
    for record in all_of(family):
        for name, value in [(name, value) for name, values in possible[record.id].items() for value in values]:
            if isinstance(value, dict) or (value and isinstance(value, list) and isinstance(value[0], dict)):
                seen["of objects"] += 1  # which have lists of possible values in turn: the truth is one of them
                continue
            answer = {key: one for key, one in record.truth.items() if key != name}
            if value != "":
                answer[name] = value
            elif name in record.asked.schema["required"]:
                seen["said to be left out, but required"] += 1
                continue
            assert record.score(answer).right, (record.id, answer)
            seen["within" if fits(answer, record.asked.schema) else "out of bounds"] += 1
    record_property(family, dict(seen))
    assert seen["of objects"] + seen["said to be left out, but required"] < 10
    assert seen["within"] > 0.9 * seen.total()


@needs_bfcl
def test_a_required_member_stands_in_the_answer_though_it_is_said_that_it_may_be_left_out() -> None:
    truths = {record.id: record.truth for record in all_of("bfcl-simple")}
    assert truths["simple_python_17"]["formatted"] is True


@needs_bfcl
def test_what_is_left_out_is_counted() -> None:
    for family, size in SIZES.items():
        assert len(entries(family)) == size
        assert len({record.id for record in all_of(family)}) == size - left_out((family,)).total()
    reasons = {
        "a parameter of any value",
        "no right answer within the bounds",
        "a long prompt",
        "a long answer",
    }
    assert set(left_out()) == reasons
    assert left_out() == sum((left_out((family,)) for family in SIZES), Counter())
    assert left_out().total() < 0.4 * sum(SIZES.values())


@needs_bfcl
def test_a_sample_is_seeded_distinct_and_the_same_in_any_process() -> None:
    ids = [record.id for record in bfcl(count=60, seed=1000)]
    assert len(set(ids)) == 60
    assert {record.family for record in bfcl(count=60, seed=1000)} == set(BFCL_FAMILIES)
    assert ids != [record.id for record in bfcl(count=60, seed=1001)]
    code = (
        "from commissure.scenarios.tool_calling.records.bfcl import bfcl;"
        "print([record.id for record in bfcl(count=60, seed=1000)])"
    )
    again = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.strip() == str(ids)


@needs_bfcl
def test_prompts_have_their_beginning_in_common_and_end_with_the_question() -> None:
    records = bfcl(count=20, seed=1000)
    beginning = records[0].asked.prompt.text.removesuffix(
        f"{records[0].asked.prompt.context}{records[0].question.source}\nArguments:"
    )
    assert beginning.count("\nArguments: ") == 3
    assert all(record.asked.prompt.text.startswith(beginning) for record in records)
    for record in records:
        assert record.asked.prompt.text.endswith(f"\nRequest: {record.question.source}\nArguments:")
        assert "Function:" not in record.question.source
        assert all(name in record.asked.prompt.context for name in record.asked.schema["properties"])


@needs_bfcl
def test_schemas_are_such_as_the_local_engine_takes() -> None:
    pytest.importorskip("llguidance", reason="needs the package llguidance, the grammar engine of the local server")
    for record in bfcl(count=60, seed=1000):
        grammar = FallbackGrammar(record.asked.schema, NotRegular("", "", "asked for"))
        assert grammar.accepts(json.dumps(record.truth)), record.id


@needs_bfcl
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"families": ("bfcl-simpel",)}, "Did you mean 'bfcl-simple'"),
        ({"families": ()}, "no family has 0 records"),
        ({"count": 0}, "count=0"),
        ({"count": 10_000}, "count=10000"),
    ],
)
def test_bad_input_is_told(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bfcl(**given)


def test_absent_data_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bfcl_data, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip install --no-deps bfcl-eval"):
        entries("bfcl-simple")


@pytest.mark.parametrize("line", ["no JSON", "[]", '{"id": "a", "function": [{}], "question": [[]]}', None])
def test_data_of_another_form_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str | None) -> None:
    (tmp_path / "data" / "possible_answer").mkdir(parents=True)
    for folder in ("data", "data/possible_answer"):
        if line is not None:
            (tmp_path / folder / "BFCL_v4_simple_python.json").write_text(f"{line}\n")
    spec = ModuleSpec("bfcl_eval", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(bfcl_data, "find_spec", lambda name: spec)
    with pytest.raises(UsageError, match=r"BFCL_v4_simple_python\.json: not as version 4"):
        entries("bfcl-simple")


def test_the_code_of_the_leaderboard_is_not_imported() -> None:
    if find_spec("bfcl_eval") is not None:
        bfcl(count=1, seed=1000)
    assert not [name for name in sys.modules if name.startswith("bfcl_eval")]
