"""The smallest value of a JSON Schema, for modelled models that must say something of its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.hal.errors import UsageError

# Deep enough for any schema of an answer; a schema that always needs itself has no value at all.
DEEPEST = 32


def smallest(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """A value that the schema allows, as far as it says type, properties, items, enum, const, any/one/allOf, $ref.

    Patterns and formats are not looked at. Raises UsageError for a schema that has no finite value.
    """
    if depth > DEEPEST:
        raise UsageError("a schema that always contains itself has no finite value")
    if not isinstance(schema, Mapping):
        return {}
    root = schema if root is None else root
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return smallest(_found(root, str(schema["$ref"])), root, depth + 1)
    for name in ("anyOf", "oneOf"):
        if schema.get(name):
            return smallest(schema[name][0], root, depth + 1)
    if schema.get("allOf"):
        parts = [smallest(one, root, depth + 1) for one in schema["allOf"]]
        together: dict[str, Any] = {}
        for part in parts:
            together |= part if isinstance(part, dict) else {}
        return together or parts[0]
    return _of_type(schema, root, depth)


def _of_type(schema: Mapping[str, Any], root: Any, depth: int) -> Any:
    kinds = schema.get("type", "object" if "properties" in schema else "null")
    match kinds[0] if isinstance(kinds, list) and kinds else kinds:
        case "object":
            known = schema.get("properties", {})
            return {name: smallest(known.get(name, {}), root, depth + 1) for name in schema.get("required", known)}
        case "array":
            return [smallest(schema.get("items", {}), root, depth + 1)] * int(schema.get("minItems", 0))
        case "string":
            return "x" * int(schema.get("minLength", 0))
        case "integer":
            low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            return int(min(max(low, 0), schema.get("maximum", max(low, 0))))
        case "number":
            return float(schema.get("minimum", schema.get("exclusiveMinimum", -1.0) + 1.0))
        case "boolean":
            return False
    return None


def _found(root: Any, reference: str) -> Any:
    found = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) and part else found
    return found
