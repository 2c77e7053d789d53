"""Parameters as JSON Schema: what is said of them holds of the grammar, and the declarations in words."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar import compile_schema
from commissure.scenarios.tool_calling.records.bfcl_prompt import declaration
from commissure.scenarios.tool_calling.records.bfcl_schema import (
    MOST_CHARACTERS,
    MOST_ITEMS,
    MOST_WHOLE,
    Unbounded,
    bounded,
    fits,
    longest,
)

SCALARS: tuple[dict[str, Any], ...] = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "float"},
    {"type": "boolean"},
    {"type": "string", "enum": ["a", "é", 'a "b"']},
    {"type": "integer", "enum": [1, 12]},
)
VALUES = {
    "string": st.text(max_size=3) | st.text("aZ '[]^-\"\\\n\x7f", max_size=3) | st.sampled_from(("x" * 80, "x" * 81)),
    "integer": st.integers() | st.sampled_from((MOST_WHOLE, MOST_WHOLE + 1)),
    "float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
    "boolean": st.booleans(),
}
PARAMETERS = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(
            lambda members, some: {"type": "dict", "properties": members, "required": sorted(some & set(members))},
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
            st.sets(st.sampled_from("abc")),
        )
    ),
    max_leaves=3,
)


@st.composite
def values(draw: st.DrawFn, parameter: dict[str, Any]) -> Any:
    """Of about the type, with members left out that may not be, and now and then of another one."""
    if draw(st.integers(0, 15)) == 0:
        return draw(st.none() | st.booleans() | st.integers(0, 2) | st.just("a") | st.just([]) | st.just({}))
    if parameter["type"] == "array":
        return draw(st.lists(values(parameter["items"]), max_size=3)) * draw(st.sampled_from((1, 1, MOST_ITEMS)))
    if parameter["type"] == "dict":
        left_out = draw(st.sets(st.sampled_from("abc"), max_size=1))
        return {name: draw(values(one)) for name, one in parameter["properties"].items() if name not in left_out}
    return draw(st.sampled_from(parameter["enum"]) if "enum" in parameter else VALUES[parameter["type"]])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_fits_is_what_the_grammar_accepts(data: st.DataObject) -> None:
    parameter = data.draw(PARAMETERS)
    schema = bounded(parameter)
    grammar = compile_schema(schema)
    for _ in range(3):
        value = data.draw(values(parameter))
        text = json.dumps(value, ensure_ascii=False)
        assert grammar.accepts(text) == fits(value, schema), (schema, value)
        if fits(value, schema):
            assert len(text.encode()) <= longest(schema)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ({"type": "string"}, '"' + "x" * MOST_CHARACTERS + '"'),
        ({"type": "integer"}, str(-MOST_WHOLE)),
        ({"type": "boolean"}, "false"),
        ({"type": "string", "enum": ["é", "ab"]}, '"ab"'),
        ({"type": "tuple", "items": {"type": "boolean"}}, f"[{', '.join(['false'] * MOST_ITEMS)}]"),
        (
            {"type": "dict", "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}}},
            '{"a": false, "b": false}',
        ),
    ],
)
def test_the_longest_text_is_one_that_the_grammar_accepts(parameter: dict[str, Any], text: str) -> None:
    schema = bounded(parameter)
    assert compile_schema(schema).accepts(text)
    assert len(text.encode()) <= longest(schema) <= len(text.encode()) + 4


@pytest.mark.parametrize(
    "parameter",
    [
        {"type": "any"},
        {"type": "dict"},
        {"type": "dict", "properties": {}},
        {"type": "array"},
        {"type": "dict", "properties": {"a": {"type": "array", "items": {"type": "any"}}}},
    ],
)
def test_what_has_no_longest_text_is_refused(parameter: dict[str, Any]) -> None:
    with pytest.raises(Unbounded, match="no longest answer: leave its function out"):
        bounded(parameter)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (bounded({"type": "dict", "properties": {"a": SCALARS[3]}}), {"a": True, "b": True}),
        (bounded({"type": "integer", "enum": [1, 12]}), True),
        (bounded({"type": "integer"}), True),
        (bounded({"type": "string"}), "a\n"),
    ],
)
def test_what_is_only_nearly_of_a_schema_does_not_fit(schema: dict[str, Any], value: Any) -> None:
    assert not fits(value, schema)
    assert not compile_schema(schema).accepts(json.dumps(value))


def test_an_enumeration_at_a_list_is_of_its_items_and_defaults_are_not_asserted() -> None:
    listed = {"type": "array", "items": {"type": "string"}, "enum": ["a", "b"], "default": []}
    assert bounded(listed) == {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": MOST_ITEMS}


def test_a_declaration_tells_types_defaults_and_what_may_be_left_out() -> None:
    members = {
        "place": {"type": "string", "description": "Where.\n  A city."},
        "when": {"type": "array", "items": {"type": "string"}, "enum": ["am", "pm"]},
        "area": {
            "type": "dict",
            "properties": {"width": {"type": "float"}},
            "required": ["width"],
            "description": "How big.",
        },
        "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
    }
    function = {
        "name": "look.up",
        "description": "Looks  up.",
        "parameters": {"type": "dict", "properties": members, "required": ["place"]},
    }
    assert declaration(function) == (
        'look.up(place: string, when?: array of "am"|"pm", area?: {width: float}, unit: "c"|"f" = "c"): Looks up.\n'
        "- place: Where. A city.\n- area: How big."
    )
