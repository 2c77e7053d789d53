"""The smallest value of a schema, which modelled models say."""

from typing import Any

import pytest

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
    ],
)
def test_smallest(schema: dict[str, Any], value: Any) -> None:
    assert smallest(schema) == value


def test_a_schema_without_a_finite_value_is_refused() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    with pytest.raises(cm.UsageError, match="no finite value"):
        smallest(endless)


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
