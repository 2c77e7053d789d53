"""`commissure grammar` from outside: contracts, options and bad input."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commissure.__main__ import run
from commissure.kernels.grammar import load
from commissure.kernels.grammar.tables.store import load as load_tables

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 4096}, "kind": {"enum": ["a", "b"]}},
    "required": ["name", "kind"],
    "additionalProperties": False,
}
TREE = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}}

Grammar = Callable[..., tuple[int, str, str]]


@pytest.fixture
def grammar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Grammar:
    """The command's exit status, output and errors; schema.json and tree.json lie where it runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("COMMISSURE_DEBUG", raising=False)
    Path("schema.json").write_text(json.dumps(SCHEMA))
    Path("tree.json").write_text(json.dumps(TREE))

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["commissure", "grammar", *arguments])
        with pytest.raises(SystemExit) as stopped:
            run()
        shown = capsys.readouterr()
        return int(stopped.value.code or 0), shown.out, shown.err

    return call


def test_compile_tells_sizes_and_times(grammar: Grammar) -> None:
    code, out, err = grammar("compile", "schema.json", "--vocab", "smollm2", "--json", "--out", "tables.npz")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["engine"] == "commissure"
    assert found["tokens"] == 49152
    assert found["tables"]
    assert found["lengths counted apart"]
    assert 0 < found["states"] < 100
    assert found["bytes"] < found["parts"]["rows, packed"] + found["parts"]["transitions of classes"] + 10**6
    tables = load_tables(Path("tables.npz"), load("smollm2"))
    assert tables.rows.rows == found["masks"]
    assert len(tables.next) == found["token classes"]


def test_recursion_is_unrolled_in_tables_and_exact_in_check(grammar: Grammar) -> None:
    sizes = [
        json.loads(grammar("compile", "tree.json", "--vocab", "smollm2", "--json", "--depth", depth)[1])["states"]
        for depth in ("1", "2")
    ]
    assert sizes[0] < sizes[1]
    deep: dict[str, object] = {}
    for _ in range(30):
        deep = {"kids": [deep]}
    Path("deep.json").write_text(json.dumps(deep, indent=2))
    assert grammar("check", "tree.json", "deep.json")[0] == 0


def test_too_many_states_leave_masks_to_be_made_as_they_are_met(grammar: Grammar) -> None:
    code, out, _ = grammar("compile", "tree.json", "--vocab", "smollm2", "--states", "20", "--json")
    found = json.loads(out)
    assert code == 0
    assert not found["tables"]
    assert "more than 20 states" in found["reason"]
    code, _, err = grammar("compile", "tree.json", "--vocab", "smollm2", "--states", "20", "--out", "tables.npz")
    assert code == 2
    assert "no tables to save" in err
    assert not Path("tables.npz").exists()


def test_check_says_where_and_what_could_stand_there(grammar: Grammar) -> None:
    Path("good.json").write_text('{"name": "x", "kind": "a"}')
    Path("bad.json").write_text('{"name": "x", "kind": "c"}')
    code, out, _ = grammar("check", "schema.json", "good.json", "bad.json", "--json")
    found = json.loads(out)
    assert code == 1
    assert [one["accepted"] for one in found["instances"]] == [True, False]
    assert "stands 'c\"}'; there could be 'a' to 'b'" in found["instances"][1]["reason"]


def test_check_as_written_minds_whitespace(grammar: Grammar) -> None:
    Path("wide.json").write_text('{ "name":"x",\n"kind":"a"}')
    assert grammar("check", "schema.json", "wide.json")[0] == 0
    assert grammar("check", "schema.json", "wide.json", "--as-written")[0] == 1
    assert grammar("check", "schema.json", "wide.json", "--as-written", "--whitespace", "any")[0] == 0


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("{", "it is no JSON"),
        ("3", "a schema is an object, true or false, not 3"),
        ('{"type": "strin"}', "unknown type"),
        ('{"properties": {"a": {"$ref": "#/$defs/b"}}}', "schema at '/properties/a/$ref': '#/$defs/b' leads nowhere"),
        ('{"type": "array", "uniqueItems": true}', "'/uniqueItems'"),
        ('{"type": "string", "enum": [1]}', "no JSON value is valid"),
        ('{"pattern": "(a)\\\\1"}', "/pattern"),
        ('{"a": 1, "a": 2}', "stands twice"),
    ],
)
def test_a_schema_that_cannot_be_compiled_is_told(grammar: Grammar, schema: str, said: str) -> None:
    Path("odd.json").write_text(schema)
    code, out, err = grammar("compile", "odd.json", "--vocab", "smollm2")
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_bad_options_are_told(grammar: Grammar) -> None:
    assert "Did you mean 'smollm2'" in grammar("compile", "schema.json", "--vocab", "smolm2")[2]
    assert "cannot be read" in grammar("compile", "none.json", "--vocab", "smollm2")[2]
    assert "'llguidance'" in grammar("check", "schema.json", "schema.json", "--fallback", "llguidanc")[2]
    assert "'space'" in grammar("check", "schema.json", "schema.json", "--whitespace", "spac")[2]


def test_what_is_no_json_is_refused_beside_the_others(grammar: Grammar) -> None:
    Path("good.json").write_text('{"name": "x", "kind": "a"}')
    Path("cut.json").write_text('{"name": "x", "ki')
    Path("twice.json").write_text('{"name": "x", "name": "y", "kind": "a"}')
    code, out, _ = grammar("check", "schema.json", "cut.json", "twice.json", "good.json", "--json")
    found = json.loads(out)["instances"]
    assert code == 1
    assert [one["accepted"] for one in found] == [False, False, True]
    assert "no JSON" in found[0]["reason"]
    assert "stands twice" in found[1]["reason"]


def test_what_we_refuse_goes_to_llguidance_where_asked(grammar: Grammar) -> None:
    pytest.importorskip("llguidance")
    # One state for each of the 60,000 items is more than the budget has.
    odd = {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 2, "maxItems": 60_000}
    Path("odd.json").write_text(json.dumps(odd))
    Path("one.json").write_text('["2026-11-22", "2026-11-23"]')
    assert grammar("check", "odd.json", "one.json", "--seconds", "0.001")[0] == 2
    code, out, _ = grammar("check", "odd.json", "one.json", "--seconds", "0.001", "--fallback", "llguidance", "--json")
    assert (code, json.loads(out)["accepted"]) == (0, True)
