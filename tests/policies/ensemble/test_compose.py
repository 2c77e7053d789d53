"""Fields are voted on one by one, and what comes of it is as valid as what the voters say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commissure.policies.ensemble.compose import Composed, compose
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.tally import voters
from tests.policies.ensemble.json_values import nested, saying

Described = tuple[dict[str, Any], st.SearchStrategy[Any]]
SMALL: list[Described] = [
    ({"type": "integer", "minimum": 0}, st.integers(0, 2)),
    ({"type": "boolean"}, st.booleans()),
    ({"enum": ["x", "y", None]}, st.sampled_from(["x", "y", None])),
    ({}, st.sampled_from([1, "x", [1], [2, 1], {"k": 1}, {"k": 2, "l": 1}])),
]
COUPLINGS: list[dict[str, Any]] = [
    {},
    {"minProperties": 2},
    {"maxProperties": 1},
    {"dependentRequired": {"a": ["b"]}},
    {"dependentSchemas": {"a": {"required": ["c"]}}},
    {"not": {"required": ["a", "b"]}},
    {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {"unevaluatedProperties": False},
    {"patternProperties": {"^[ab]$": {"minProperties": 1, "maxItems": 1}}},
    {"allOf": [{"minProperties": 1}, {"additionalProperties": {"maxProperties": 1, "uniqueItems": True}}]},
    {"$ref": "#/$defs/two"},
]
DEFINITIONS = {"two": {"not": {"required": ["b", "c"]}}}


@st.composite
def described(draw: st.DrawFn, depth: int = 2) -> Described:
    """A schema, and values that often satisfy it."""
    form = draw(st.sampled_from(["small", "object", "array", "any", "tagged"] if depth else ["small"]))
    if form == "small":
        return draw(st.sampled_from(SMALL))
    if form == "array":
        schema, values = draw(described(depth - 1))
        rules: dict[str, Any] = draw(
            st.sampled_from([{}, {"uniqueItems": True}, {"contains": {"const": 1}}, {"minItems": 1}])
        )
        return {"type": "array", "items": schema, **rules}, st.lists(values, max_size=3)
    if form == "any":
        several = draw(st.lists(described(depth - 1), min_size=1, max_size=3))
        return {"anyOf": [schema for schema, _ in several]}, st.one_of([values for _, values in several])
    if form == "tagged":
        several = [_tagged(draw, depth, tag) for tag in ("p", "q", "r")]
        return {"oneOf": [schema for schema, _ in several]}, st.one_of([values for _, values in several])
    return _object(draw, depth)


def _object(draw: st.DrawFn, depth: int) -> Described:
    fields = {key: draw(described(depth - 1)) for key in draw(st.sampled_from(["ab", "abc"]))}
    properties = {key: schema for key, (schema, _) in fields.items()}
    required = draw(st.sampled_from([[], ["a"], list(fields)]))
    values = st.fixed_dictionaries(
        {key: fields[key][1] for key in required},
        optional={key: one for key, (_, one) in fields.items() if key not in required},
    )
    coupling = draw(st.sampled_from(COUPLINGS))
    return {"type": "object", "properties": properties, "required": required, **coupling}, values


def _tagged(draw: st.DrawFn, depth: int, tag: str) -> Described:
    schema, values = _object(draw, depth)
    told = {
        **schema,
        "properties": {**schema["properties"], "tag": {"const": tag}},
        "required": [*schema["required"], "tag"],
    }
    return told, values.map(lambda one: {**one, "tag": tag})


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], max_examples=300, deadline=None)
@given(st.data())
def test_as_valid_as_the_voters(data: st.DataObject) -> None:
    described_schema, values = data.draw(described())
    schema = {**described_schema, "$defs": DEFINITIONS}
    valid = Draft202012Validator(schema).is_valid
    said = [value for value in data.draw(st.lists(values, min_size=3, max_size=8)) if valid(value)]
    assume(len(said) > 1)
    weights = data.draw(st.none() | st.lists(st.floats(0, 1), min_size=len(said), max_size=len(said)))
    made = compose(voters(saying(*said)), schema, weights)
    assert valid(made.value), (schema, said, made)
    assert 0 <= made.confidence <= 1
    again = compose(voters(saying(*reversed(said))), schema, weights and weights[::-1])
    assert canonical(again.value) == canonical(made.value)
    assert dict(again.shares) == dict(made.shares)


def composed(*said: Any, schema: Any = True) -> Composed:
    return compose(voters(saying(*said)), schema)


TAGGED = {
    "oneOf": [
        {"properties": {"f": {"const": "add"}, "n": {"type": "integer"}}, "required": ["f", "n"]},
        {"properties": {"f": {"enum": ["say"]}, "n": {"type": "string"}}, "required": ["f"]},
    ]
}
ADD_1, ADD_2 = {"f": "add", "n": 1}, {"f": "add", "n": 2}
LIST = {"v": 2, "next": {"v": 1}}
RECURSIVE = {"type": "object", "properties": {"v": {}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}


@pytest.mark.parametrize(
    ("said", "schema", "value", "confidence"),
    [
        ([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}], True, {"a": 1, "b": 2}, 2 / 3),
        ([{"a": 1}, {}, {}], True, {}, 2 / 3),
        ([{"a": 1}, {}, {}], {"required": ["a"]}, {"a": 1}, 1 / 3),
        ([{"a": None}, {"a": None}], True, {"a": None}, 1),
        ([{}, {}], True, {}, 1),
        ([[], []], True, [], 1),
        ([{}, 3, {}], True, {}, 2 / 3),
        ([[1, 2], [1, 3], [4, 3], [9], []], True, [1, 3], 2 / 5),
        ([[7], [7], [1, 2, 3]], True, [7], 2 / 3),
        ([{"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 2}}, {"a": 5}], True, {"a": {"b": 2}}, 2 / 5),
        ([1.0, 1, True], True, 1, 2 / 3),
        ([ADD_1, ADD_2, {"f": "say", "n": "1"}, ADD_2], TAGGED, ADD_2, 1 / 2),
        ([{"f": "say"}, ADD_2, {"f": "say"}], TAGGED, {"f": "say"}, 2 / 3),
        ([{"v": 1, "next": {"v": 1}}, LIST, {"v": 2, "next": None}], RECURSIVE, LIST, 2 / 3),
        (
            # Together they make {1, 2, "x"}, which none says: the third is nearest.
            [
                {"a": 1, "b": 9, "c": "x"},
                {"a": 1, "b": 2, "c": "y"},
                {"a": 2, "b": 2, "c": "x"},
                {"a": 1, "b": 2, "c": "xy"},
            ],
            {"minProperties": 1},
            {"a": 2, "b": 2, "c": "x"},
            1 / 4,
        ),
        ([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}], {"$ref": "elsewhere.json"}, {"a": 1, "b": 2}, 1 / 3),
    ],
)
def test_table(said: list[Any], schema: Any, value: Any, confidence: float) -> None:
    made = composed(*said, schema=schema)
    assert canonical(made.value) == canonical(value)
    assert made.confidence == pytest.approx(confidence)


def test_shares_of_leaves() -> None:
    made = composed({"a": [1, 2], "b": 1}, {"a": [1, 3]}, {"a": [1]}, {"a": [1, 2]})
    assert made.value == {"a": [1, 2]}
    assert made.shares == {"/a~#": 3 / 4, "/a/0": 3 / 4, "/a/1": 2 / 4, "/b": 3 / 4}


def test_invalid_voters_do_not_lead_to_exceptions() -> None:
    schemas: list[Any] = [TAGGED, RECURSIVE, {"anyOf": [{"type": "string"}]}, {"anyOf": []}, {"const": 1}, False]
    sayings: list[list[Any]] = [[{"f": 1}], [[1], [2]], [{}, {"next": {"next": [1]}}], [None, {"f": []}]]
    for schema in schemas:
        for said in sayings:
            assert canonical(composed(*said, schema=schema).value)


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("schema", [True, {"minProperties": 1, "uniqueItems": True}])
def test_deep_values(array: bool, schema: Any) -> None:
    made = composed(*(nested(500, leaf, array=array) for leaf in (1, 2, 2)), schema=schema)
    assert made.value == nested(500, 2, array=array)
    assert made.confidence == pytest.approx(2 / 3)
    json.dumps(made.value)
