"""Schemas of well-known shapes: what they accept, how fast they compile, and how large they are."""

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from jsonschema import validators

from commissure.kernels.grammar.compile import compile_schema
from commissure.kernels.grammar.schema.settings import Settings
from tests.kernels.grammar.oracle import writable

SHAPES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("shapes.jsonl").read_text().splitlines()
]
"""Schemas in the shapes that public ones have, each with values that are valid under it and values that are not."""
NAMES = [shape["name"] for shape in SHAPES]


@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_shapes(shape: dict[str, Any]) -> None:
    schema, good, bad = shape["schema"], shape["valid"], shape["invalid"]
    judge = validators.validator_for(schema)(schema)
    formatted = [one for one in bad if judge.is_valid(one)]
    assert all(judge.is_valid(one) for one in good)
    assert not formatted or '"format"' in json.dumps(schema)
    begun = process_time()
    grammar = compile_schema(schema, Settings(whitespace="none"))
    assert process_time() - begun < 10
    assert [one for one in good if not writable(grammar.machine, one)] == []
    assert [one for one in bad if writable(grammar.machine, one)] == []


@pytest.mark.parametrize("closed", [False, True], ids=("open", "closed"))
@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_shapes_are_small(shape: dict[str, Any], closed: bool) -> None:
    begun = process_time()
    flat, depth = compile_schema(shape["schema"], Settings(closed=closed)).flat()
    assert depth in (None, 2)
    assert flat.automaton.states < 5_000
    assert process_time() - begun < 10


def test_a_choice_that_names_itself_further_down_is_no_circle() -> None:
    """What is looked into for contradictions may lead back to what is being worked out."""
    node = {
        "oneOf": [
            {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/n"}}},
            {"type": "object", "required": ["next"], "properties": {"next": {"type": "integer"}}},
        ]
    }
    grammar = compile_schema({"$ref": "#/$defs/n", "$defs": {"n": node}})
    assert grammar.accepts('{"next": {"next": 5}}')
    assert not grammar.accepts('{"next": {"next": "5"}}')


def test_items_differ_although_the_whole_schema_is_what_wants_it() -> None:
    schema = {"type": "array", "items": {"enum": [1, 2, 3]}, "not": {"maxItems": 1}, "uniqueItems": True}
    grammar = compile_schema(schema)
    assert grammar.accepts("[2, 1]")
    assert not grammar.accepts("[2, 2]")
    assert not grammar.accepts("[2]")
