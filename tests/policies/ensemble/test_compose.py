"""Fields are voted on one by one, and what comes of it is as valid as what the voters say."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commissure.policies.ensemble.compose import Composed, compose
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import Question, Sample
from commissure.policies.ensemble.selectors import build_selector
from commissure.policies.ensemble.tally import voters
from tests.policies.ensemble.json_values import nested, saying

OBJECTS = [
    {key: value for key, value in zip("abc", values, strict=True) if value is not None}
    for values in product((None, 0, 1), repeat=3)
]
ARRAYS = [list(items) for length in range(4) for items in product((0, 1, 2), repeat=length)]
TAGGED_OBJECTS = [{"t": tag, **one} for tag in ("p", "q", "r") for one in OBJECTS]
PATTERNED = [{"p": one} for one in OBJECTS]
MIXED = [{"a": one, "b": other} for one, other in product((0, 1, [], [0], {}, {"a": 0}), repeat=2)]
SHARED = {
    "anyOf": [
        {"properties": {"t": {"enum": ["p", "q"]}, "a": {"const": 0}}, "required": ["t"]},
        {"properties": {"t": {"enum": ["q", "r"]}, "b": {"const": 0}}, "required": ["t"]},
    ]
}
COUPLINGS: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("required", OBJECTS, {"required": ["a", "b"], "additionalProperties": {"type": "integer"}}),
    ("minProperties", OBJECTS, {"minProperties": 2}),
    ("maxProperties", OBJECTS, {"maxProperties": 1}),
    ("dependentRequired", OBJECTS, {"dependentRequired": {"a": ["b"]}}),
    ("dependentSchemas", OBJECTS, {"dependentSchemas": {"a": {"required": ["c"]}}}),
    ("not", OBJECTS, {"not": {"required": ["a", "b"]}}),
    ("if", OBJECTS, {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}),
    ("enum", OBJECTS, {"enum": [{"a": 1, "b": 0}, {"a": 0, "b": 1}, {"a": 0, "b": 0, "c": 1}, 7]}),
    ("oneOf", OBJECTS, {"oneOf": [{"required": ["a"]}, {"required": ["b"]}, {"required": ["c"]}]}),
    ("anyOf", OBJECTS, {"anyOf": [{"properties": {"a": {"const": 0}}}, {"properties": {"b": {"const": 0}}}]}),
    ("unevaluated", OBJECTS, {
        "anyOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}],
        "unevaluatedProperties": False,
    }),
    ("allOf", OBJECTS, {"allOf": [{"required": ["a"]}, {"minProperties": 2, "maxProperties": 2}]}),
    ("$ref", OBJECTS, {"$ref": "#/$defs/not two"}),
    ("chained $ref", OBJECTS, {"$ref": "#/$defs/re~1ferred"}),
    ("additionalProperties", OBJECTS, {"properties": {"a": {}}, "additionalProperties": {"const": 1}}),
    ("patternProperties", PATTERNED, {"patternProperties": {"^p": {"minProperties": 1, "maxProperties": 1}}}),
    ("uniqueItems", ARRAYS, {"uniqueItems": True}),
    ("contains", ARRAYS, {"contains": {"const": 0}, "maxContains": 1}),
    ("array not", ARRAYS, {"not": {"prefixItems": [{"const": 0}, {"const": 0}], "minItems": 2}}),
    ("prefixItems", ARRAYS, {"prefixItems": [{"const": 0}], "items": {"minimum": 1}, "minItems": 1, "maxItems": 2}),
    ("any array", ARRAYS, {"anyOf": [{"items": {"const": 0}}, {"items": {"const": 1}}]}),
    ("kinds", [*MIXED, *ARRAYS, 5], {"anyOf": [
        {"type": "array", "uniqueItems": True},
        {"type": "integer"},
        {"type": "object", "properties": {"a": {"type": "array"}}},
    ]}),
    ("tags", TAGGED_OBJECTS, {"oneOf": [
        {"properties": {"t": {"const": "p"}, "a": {"const": 0}}, "required": ["t", "a"]},
        {"properties": {"t": {"const": "q"}, "a": {"const": 1}}, "required": ["t"], "not": {"required": ["a", "b"]}},
        {"properties": {"t": {"enum": ["r"]}}, "required": ["t", "c"], "minProperties": 3},
    ]}),
    ("shared tags", TAGGED_OBJECTS, SHARED),
    ("tags not required", TAGGED_OBJECTS + OBJECTS, {"anyOf": [
        {"properties": {"t": {"const": "p"}, "a": {"const": 0}}},
        {"properties": {"t": {"const": "q"}, "b": {"const": 1}}},
    ]}),
]  # fmt: skip
DEFINITIONS = {"not two": {"not": {"required": ["b", "a"]}}, "re/ferred": {"allOf": [{"$ref": "#/$defs/not two"}]}}
WRAPS: list[tuple[Any, Any]] = [
    (lambda value: value, lambda schema: schema),
    (lambda value: {"v": [value]}, lambda schema: {"properties": {"v": {"items": schema}}, "required": ["v"]}),
    (lambda value: [value, 1], lambda schema: {"prefixItems": [{"anyOf": [schema, {"type": "null"}]}]}),
]


@pytest.mark.parametrize(("values", "rules"), [case[1:] for case in COUPLINGS], ids=[case[0] for case in COUPLINGS])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_as_valid_as_the_voters(values: list[Any], rules: dict[str, Any], data: st.DataObject) -> None:
    wrapped, outer = data.draw(st.sampled_from(WRAPS))
    schema = {**outer(rules), "$defs": DEFINITIONS}
    valid = Draft202012Validator(schema).is_valid
    pool = [made for value in values if valid(made := wrapped(value))]
    said = data.draw(st.lists(st.sampled_from(pool), min_size=3, max_size=8))
    weights = data.draw(st.none() | st.lists(st.floats(0, 1), min_size=len(said), max_size=len(said)))
    made = compose(voters(saying(*said)), schema, weights)
    assert valid(made.value), (schema, said, made)
    assert 0 <= made.confidence <= 1
    again = compose(voters(saying(*reversed(said))), schema, weights and weights[::-1])
    assert canonical(again.value) == canonical(made.value)
    assert dict(again.shares) == dict(made.shares)


def test_a_constant_of_two_branches_tells_neither() -> None:
    said = [{"t": "q", **one} for one in ({"a": 0, "b": 1}, {"a": 1, "b": 0}, {"a": 1}, {"b": 1})]
    valid = Draft202012Validator(SHARED).is_valid
    assert all(map(valid, said))
    assert not valid(composed(*said).value)
    assert valid(composed(*said, schema=SHARED).value)


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


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"$ref": "#"}]},
        {"oneOf": [{"$ref": "#"}], "type": "object"},
        {"allOf": [{"$ref": "#"}]},
        {"$ref": "#"},
        {
            "anyOf": [{"$ref": "#/$defs/a"}],
            "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}},
        },
    ],
)
def test_a_schema_that_holds_itself_at_the_same_place_ends(schema: dict[str, Any]) -> None:
    records = [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 2, "b": 3}]
    samples = [Sample(json.dumps(one), one, parsed=True) for one in records]
    assert build_selector("per_field").select(samples, Question("", schema)).value in ({"a": 1, "b": 3}, *records)
