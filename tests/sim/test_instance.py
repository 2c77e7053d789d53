"""The smallest value of a schema, which modelled models say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commissure as cm
from commissure.sim.instance import smallest

LINKED = {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"next": {"anyOf": [
    {"type": "null"}, {"$ref": "#/$defs/node"}]}, "id": {"type": "integer"}}, "required": ["id", "next"]}}}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "minLength": 2}, "xx"),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": ["null", "string"]}, None),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2}),
        ({"type": "object", "properties": {"a": {"const": 1}, "b": {}}, "required": ["a"]}, {"a": 1}),
        (LINKED, {"id": 0, "next": None}),
        ({"type": "object", "properties": {"c": {"$ref": "#"}}}, {}),
        ({"type": "object", "properties": {"c": {"$ref": "#"}, "n": {"type": "integer"}}}, {"n": 0}),
        ({"anyOf": [{"type": "array", "items": {"$ref": "#"}, "minItems": 1}, {"const": 1}]}, 1),
        ({"type": "integer", "minimum": 1.5, "maximum": 2.5}, 2),
        ({"type": "integer", "exclusiveMaximum": -2}, -3),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "number", "minimum": -2, "exclusiveMaximum": -1}, -2.0),
        ({"type": "number", "exclusiveMaximum": -1}, -2.0),
        ({"enum": [1, "a", 7, 9], "minimum": 5, "type": "number"}, 7),
        ({"default": 3, "minimum": 5, "type": "integer"}, 5),
        ({"allOf": [{"type": "integer", "minimum": 3}, {"type": "number", "maximum": 9}, {"minimum": 5}]}, 5),
        ({"allOf": [{"anyOf": [{"const": 1}, {"const": 2}]}, {"minimum": 2}]}, 2),
        ({"$ref": "#/$defs/s", "minLength": 3, "$defs": {"s": {"type": "string"}}}, "xxx"),
        ({"$ref": "#/anyOf/0", "anyOf": [{"const": "a"}, {"const": "b"}]}, "a"),
        ({"type": ["integer", "string"], "minimum": 3, "maximum": 2}, ""),
        ({"properties": {"a": False, "b": True}}, {"b": None}),
    ],
)
def test_smallest(schema: dict[str, Any], value: Any) -> None:
    assert smallest(schema) == value


def test_a_schema_without_a_finite_value_is_refused() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    with pytest.raises(cm.UsageError, match="no finite value"):
        smallest(endless)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"enum": 5}, "enum must be a list"),
        ({"type": "string", "minLength": "x"}, "minLength must be a whole number"),
        ({"type": "string", "minLength": -1}, "minLength must be a whole number"),
        ({"type": "array", "minItems": 10**9}, "at most 100,000"),
        ({"minLength": 10**10}, "at most 100,000"),
        ({"type": "array", "minItems": 1000, "items": {"type": "string", "minLength": 1000}}, "at most 100,000"),
        ({"type": "array", "minItems": 1000, "items": {"const": "x" * 1000}}, "at most 100,000"),
        ({"type": "strin"}, "Did you mean 'string'"),
        ({"type": "integer", "minimum": True}, "minimum must be a number"),
        ({"type": "integer", "minimum": float("nan")}, "minimum must be a number"),
        ({"$ref": "#/$defs/none"}, "leads nowhere"),
        ({"$ref": "https://example.org/x"}, "leads nowhere"),
        ({"properties": {"a": 5}}, "an object, true or false, not 5"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "allows no whole number"),
        ({"enum": [1, 2], "minimum": 5}, "allows no member"),
        ({"allOf": [{"type": "string"}, {"type": "null"}]}, "type string and type null"),
        ({"$ref": "#"}, "no finite value"),
    ],
)
def test_what_is_no_schema_or_too_large_is_told(schema: dict[str, Any], told: str) -> None:
    with pytest.raises(cm.UsageError, match=told):
        smallest(schema)


def test_choices_that_all_contain_themselves_end() -> None:
    names = [f"#/$defs/{n}" for n in range(12)]
    both = {"type": "array", "minItems": 2, "items": {"anyOf": [{"$ref": name} for name in names]}}
    with pytest.raises(cm.UsageError):
        smallest({"$ref": names[0], "$defs": {str(n): both for n in range(12)}})


BOUND = st.integers(-5, 5) | st.sampled_from([-1.5, -0.25, 0.5, 2.75])
NAMES = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]


@given(st.dictionaries(st.sampled_from(NAMES), BOUND), st.sampled_from(["integer", "number"]))
def test_numbers_keep_their_bounds(bounds: dict[str, float], kind: str) -> None:
    def keeps(value: float) -> bool:
        low, high = bounds.get("minimum", -99), bounds.get("maximum", 99)
        return low <= value <= high and bounds.get(NAMES[2], -99) < value < bounds.get(NAMES[3], 99)

    some = range(-7, 8) if kind == "integer" else [n / 8 for n in range(-56, 57)]
    try:
        assert keeps(smallest({"type": kind, **bounds}))
    except cm.UsageError:
        assert not any(map(keeps, some))


@pytest.mark.parametrize("schema", [[1], 5, "x", False, {"const": {1, 2}}, {"default": float("nan")}, {(1,): 2}])
def test_a_call_takes_json_objects_as_schemas(schema: Any) -> None:
    with pytest.raises(cm.UsageError, match="the schema of a call"):
        cm.Call("x", schema=schema)
    with pytest.raises(cm.UsageError, match="the parameters of tool look"):
        cm.Tool("look", parameters=schema)


def test_a_modelled_model_keeps_to_what_is_asked() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> Any:
        answer = await fleet.generate(cm.Call("x", schema=schema, n=2, max_tokens=20))
        tool = cm.Tool("look", parameters=schema)
        used = await fleet.generate(cm.Call("x", tools=(tool,), tool_choice="look", max_tokens=20))
        return answer, used

    answer, used = cm.run(work, cm.Fleet.load("h100"), seed=1).result
    assert [choice.text for choice in answer.choices] == ['{"n": 0}'] * 2
    assert answer.json() == {"n": 0}
    assert (used.finish, used.tool_calls[0].name, used.tool_calls[0].values()) == ("tool_calls", "look", {"n": 0})
