"""The smallest JSON value that satisfies a simple JSON Schema."""

from __future__ import annotations

from typing import Any


def instance(schema: dict[str, Any], word: str, root: dict[str, Any] | None = None) -> Any:
    """A value of `schema` in which free text is made of `word`. Every named property is given, required or not.

    Read: $ref into the same schema, const, enum, anyOf, oneOf, type (the first of several), properties, items,
    minItems, minimum, exclusiveMinimum, maximum, minLength, maxLength.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        target: Any = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        return instance(target, word, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return instance(schema[name][0], word, root)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return _of_type(kind[0] if isinstance(kind, list) else kind, schema, word, root)


def _of_type(kind: str, schema: dict[str, Any], word: str, root: dict[str, Any]) -> Any:
    if kind == "object":
        return {name: instance(part, word, root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        items = schema.get("items", {})
        return [instance(items, word, root)] * max(schema.get("minItems", 1), min(1, schema.get("maxItems", 1)))
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        least = min(least, schema.get("maximum", least))
        return int(least) if kind == "integer" else float(least)
    if kind == "string":
        text = word * -(-schema.get("minLength", 0) // len(word)) or word
        return text[: schema.get("maxLength", len(text))]
    return False if kind == "boolean" else None
