"""Leaves are held against the source and the schema, and each finding says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commissure.policies.ensemble.grounding.finding import Standing
from commissure.policies.ensemble.grounding.ground import Grounds, ground
from commissure.policies.ensemble.grounding.types import misfit
from commissure.policies.ensemble.leaves import flatten
from commissure.policies.ensemble.sample import Question

SOURCE = "The Acme  kettle (model K-20) costs 24.99 pounds, not 31, and is IN STOCK since 14 March 2026; two are left."
DATE = {"type": "string", "format": "date"}
REFUTED, NEUTRAL, SUPPORTED = Standing.REFUTED, Standing.NEUTRAL, Standing.SUPPORTED
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 30),
    st.sampled_from(
        [0.5, 24.99, 1e300, float("inf"), float("nan"), 10**400, "", "a", "ab", "2026-03-14", "14/03", "\ud800"]
    ),
    st.text(max_size=4),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "~", "total", "qty", ""]), inner),
    max_leaves=8,
)


def standing(value: Any, schema: Any = True, source: str = SOURCE) -> Standing:
    question = Question(source, {"properties": {"x": schema}})
    return ground({"x": value}, question).fields["/x"].standing


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Acme kettle", SUPPORTED),
        ("acme\nKETTLE", SUPPORTED),
        ("K-20", SUPPORTED),
        ("(model K-20)", SUPPORTED),
        ("kettle Acme", NEUTRAL),
        ("kettle, UK", NEUTRAL),
        (", UK", REFUTED),
        ("Acme ket", REFUTED),
        ("cme kettle", REFUTED),
        ("Borea kettle", REFUTED),
        ("", NEUTRAL),
        (" ", NEUTRAL),
        ("!", REFUTED),
        (24.99, SUPPORTED),
        (31, SUPPORTED),
        (31.0, SUPPORTED),
        (2, SUPPORTED),
        (24.9, REFUTED),
        (-31, REFUTED),
        (10**400, REFUTED),
        (float("nan"), REFUTED),
        (True, NEUTRAL),
        (None, NEUTRAL),
        ({}, NEUTRAL),
        ("2026-03-14", SUPPORTED),
        ("2026-03-14T10:00", SUPPORTED),
        ("14 march 2026", SUPPORTED),
        ("2026-03-15", REFUTED),
    ],
)
def test_a_value_that_should_occur(value: Any, expected: Standing) -> None:
    assert standing(value) is expected
    assert standing(value, source="") is standing(value, source=" \n") is NEUTRAL


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ("in_stock", {"enum": ["in_stock", "sold_out"]}, SUPPORTED),
        ("inStock", {"const": "inStock"}, SUPPORTED),
        ("sold_out", {"enum": ["in_stock", "sold_out"]}, NEUTRAL),
        ("IN STOCK", {"enum": ["in_stock"]}, REFUTED),
        (2, {"enum": [2, 3]}, SUPPORTED),
        (3, {"enum": [2, 3]}, NEUTRAL),
        (True, {"enum": [True]}, NEUTRAL),
        (7, {"default": 7}, NEUTRAL),
        (7.0, {"type": "number", "default": 7}, NEUTRAL),
        (8, {"default": 7}, REFUTED),
        (31, {"maximum": 30}, REFUTED),
        (31, {"exclusiveMinimum": 31}, REFUTED),
        ("kettle", {"maxLength": 3}, REFUTED),
        ("kettle", {"pattern": "^[A-Z]"}, REFUTED),
        ("kettle", {"pattern": "("}, SUPPORTED),
        ("14 March 2026", DATE, REFUTED),
        ("2026-03-14", DATE, SUPPORTED),
        (None, {"anyOf": [DATE, {"type": "null"}]}, NEUTRAL),
        ("2026-02-30", {"anyOf": [DATE, {"type": "null"}]}, REFUTED),
        ("kettle", {"$ref": "#/properties/x/$defs/short", "$defs": {"short": {"maxLength": 2}}}, REFUTED),
        ("kettle", {"$ref": "#/properties/x"}, SUPPORTED),
        ("kettle", {"$ref": "elsewhere"}, SUPPORTED),
        ("kettle", {"allOf": [{"$ref": "#/properties/x"}]}, SUPPORTED),
        ("kettle", False, REFUTED),
    ],
)
def test_a_value_under_a_schema(value: Any, schema: Any, expected: Standing) -> None:
    assert standing(value, schema) is expected


def test_a_date_where_none_is_named() -> None:
    assert standing("2026-03-14", DATE, "Please come tomorrow.") is NEUTRAL
    assert standing("2026-03-14", DATE, "Please come on March 14th.") is SUPPORTED


def test_findings_have_reasons_and_the_paths_of_leaves() -> None:
    schema = {
        "properties": {"a": {"type": "array", "items": {"properties": {"n": {"minimum": 3}}}, "minItems": 3}},
        "patternProperties": {"~": {"type": "integer"}},
        "additionalProperties": False,
    }
    record = {"a": [{"n": 2}, {"n": 31, "m": []}], "~": 9}
    found = ground(record, Question(SOURCE, schema)).fields
    assert found.keys() == flatten(record).keys()
    assert {path: one.reason for path, one in found.items()} == {
        "/a~#": "too few elements",
        "/a/0/n": "the number is not within its minimum",
        "/a/1/n": "31 occurs",
        "/a/1/m~#": "nothing to check it by",
        "/~0": "9 does not occur",
    }


@settings(deadline=None)
@given(VALUES, st.sampled_from(["", SOURCE]))
def test_every_leaf_has_a_finding(record: Any, source: str) -> None:
    found = ground(record, Question(source))
    assert found.fields.keys() == flatten(record).keys()
    assert found.refuted_fields == sum(one.standing < 0 for one in found.fields.values())
    if source == "":
        assert all(one.standing is NEUTRAL for one in found.fields.values())


def test_equal_leaves_are_told_apart_by_type() -> None:
    grounds = Grounds(Question("1", {}))
    assert [grounds.of(one).fields[""].standing for one in (1, True, 1.0)] == [SUPPORTED, NEUTRAL, SUPPORTED]


def test_deep_answers() -> None:
    deep: Any = "kettle"
    for _ in range(500):
        deep = {"a": [deep]}
    assert len(ground(deep, Question(SOURCE)).fields) == len(flatten(deep))


TYPES = ("string", "number", "integer", "boolean", "null")
SCHEMAS = st.recursive(
    st.one_of(
        st.sampled_from([*TYPES, ["integer", "null"]]).map(lambda one: {"type": one}),
        st.lists(SCALARS.filter(lambda one: one == one), min_size=1, max_size=3).map(lambda some: {"enum": some}),
        st.integers(-3, 30).map(lambda one: {"minimum": one, "exclusiveMaximum": one + 5}),
        st.sampled_from([{"exclusiveMinimum": 1, "maximum": 20}, {"multipleOf": 3}, {"const": 1}, {}]),
        st.sampled_from([{"minLength": 1, "maxLength": 2}, {"pattern": "^a"}]),
    ),
    lambda inner: st.lists(inner, min_size=1, max_size=2).flatmap(
        lambda some: st.sampled_from([{"allOf": some}, {"anyOf": some}])
    ),
    max_leaves=3,
)


# Not NaN, nor what the validator takes for another number: it computes multiples of floats as floats.
@settings(deadline=None, max_examples=200)
@given(SCALARS.filter(lambda one: not isinstance(one, float) or abs(one) < 1e9), SCHEMAS)
def test_types_and_ranges_as_a_validator_has_them(value: Any, schema: Any) -> None:
    assert (misfit(value, schema, schema) is None) == Draft202012Validator(schema).is_valid(value)


def test_a_pattern_that_could_be_tried_for_ever_is_not() -> None:
    schema = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^(a+)+$"}}}
    for text in ("a" * 5_000 + "b", "aab"):
        found = ground({"code": text}, Question(text, schema))
        refuted = found.fields["/code"].standing is Standing.REFUTED
        assert refuted == (len(text) < 10)
