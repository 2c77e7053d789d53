"""The parameters of the leaderboard's functions as JSON Schema: closed, and every value bounded in length."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from commissure.hal.errors import Unsupported

MOST_CHARACTERS = 80
"""Of a text. 99 % of the texts among the leaderboard's possible answers are shorter."""
MOST_ITEMS = 8
"""Of a list; one possible answer has more."""
TEXT = f"^[ !#-\\[\\]-~]{{0,{MOST_CHARACTERS}}}$"
"""Printable ASCII that JSON needs no escape for, so that a character is a token at most."""
MOST_WHOLE = 10**15 - 1
MOST_FLOAT, FINEST = 10**12, 1e-6
SCALARS: Mapping[str, tuple[dict[str, Any], int]] = {
    "integer": ({"type": "integer", "minimum": -MOST_WHOLE, "maximum": MOST_WHOLE}, 16),
    "float": ({"type": "number", "minimum": -MOST_FLOAT, "maximum": MOST_FLOAT, "multipleOf": FINEST}, 21),
    "boolean": ({"type": "boolean"}, 5),
}
"""Schema of a type, and its longest text. Only `multipleOf` bounds the decimals of a number: without it a model that
divides goes on to the end of its room (3.3333...)."""


class Unbounded(Unsupported):
    """A type whose values have no longest text, or are of any kind."""


def bounded(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, or of all of a function's. Raises Unbounded.

    A default is not asserted. An enumeration that stands at a list is of its items.
    """
    kind = parameter["type"]
    if kind == "dict":
        return _object(parameter)
    if kind in ("array", "tuple") and "items" in parameter:
        enumeration = {"enum": parameter["enum"]} if "enum" in parameter else {}
        return {"type": "array", "items": bounded({**parameter["items"], **enumeration}), "maxItems": MOST_ITEMS}
    if "enum" in parameter:
        return {"enum": list(parameter["enum"])}
    if kind == "string":
        return {"type": "string", "pattern": TEXT}
    if kind not in SCALARS:
        raise Unbounded(f"a parameter of type {kind!r} has no longest answer: leave its function out")
    return dict(SCALARS[kind][0])


def _object(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if not parameter.get("properties"):
        raise Unbounded("an object of any members has no longest answer: leave its function out")
    return {
        "type": "object",
        "properties": {name: bounded(one) for name, one in parameter["properties"].items()},
        "required": list(parameter.get("required", ())),
        "additionalProperties": False,
    }


def longest(schema: Mapping[str, Any]) -> int:
    """Bytes of the longest text of a schema that `bounded` gave, with a space after each comma and colon."""
    if "enum" in schema:
        return max(len(json.dumps(one, ensure_ascii=False).encode()) for one in schema["enum"])
    if schema["type"] == "object":
        members = schema["properties"].items()
        return 2 + sum(len(json.dumps(name, ensure_ascii=False).encode()) + longest(one) + 4 for name, one in members)
    if schema["type"] == "array":
        return 2 + MOST_ITEMS * (longest(schema["items"]) + 2)
    return next((size for scalar, size in SCALARS.values() if scalar == schema), MOST_CHARACTERS + 2)


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of a schema that `bounded` gave."""
    if "enum" in schema:
        return any(type(one) is type(value) and one == value for one in schema["enum"])
    if schema["type"] == "object":
        return isinstance(value, dict) and _members_fit(value, schema)
    if schema["type"] == "array":
        return isinstance(value, list) and len(value) <= MOST_ITEMS and all(fits(one, schema["items"]) for one in value)
    if schema["type"] == "string":
        return isinstance(value, str) and re.fullmatch(TEXT, value) is not None
    if schema["type"] == "integer":
        return type(value) is int and abs(value) <= MOST_WHOLE
    if schema["type"] == "boolean":
        return isinstance(value, bool)
    return type(value) in (int, float) and abs(value) <= MOST_FLOAT and round(value, 6) == value


def _members_fit(value: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    known = schema["properties"]
    return set(schema["required"]) <= set(value) <= set(known) and all(fits(value[name], known[name]) for name in value)
