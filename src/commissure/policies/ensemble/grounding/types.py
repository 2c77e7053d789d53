"""Whether a leaf has the type, the range and the form that its schema asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isfinite
from operator import ge, gt, le, lt
from typing import Any, Final

from commissure.policies.ensemble.grounding.days import iso_day
from commissure.policies.ensemble.leaves import canonical, keys_of

Schema = Any  # a mapping, or true or false
Within = frozenset[int]  # the schemas, by identity, that one is a part of: those that lead in a circle say no more
_NOWHERE: Final[Within] = frozenset()
REPEATED_GROUP: Final = re.compile(r"\)[*+{]")
SHORT: Final = 16  # characters, on which even (a+)+$ is quickly tried in all ways
_MOST_HOPS: Final = 16  # references to references
_MOST_PARTS: Final = 64  # of schemas put together; of more nothing is said
_LEAF_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "null": type(None),
    "object": dict,
    "array": (list, tuple),
}
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lt,
    "exclusiveMinimum": le,
    "maximum": gt,
    "exclusiveMaximum": ge,
}


def resolved(schema: Schema, root: Schema) -> Schema:
    """What a local reference (#/...) refers to; true for one that leads elsewhere or nowhere."""
    for _ in range(_MOST_HOPS):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        node: Any = root
        for key in keys_of(str(schema["$ref"])) if str(schema["$ref"]).startswith("#") else ("",):
            node = node.get(key, True) if isinstance(node, Mapping) else True
        schema = node
    return True


def beneath(schema: Schema, key: str | int, root: Schema, within: Within = _NOWHERE) -> Schema:
    """The schema of a member or an element, put together of all that holds for it; true where nothing does."""
    schema = resolved(schema, root)
    if not isinstance(schema, Mapping) or id(schema) in within:
        return True
    within |= {id(schema)}
    parts = [_own(schema, key), *(beneath(one, key, root, within) for one in schema.get("allOf", ()))]
    for combination in ("anyOf", "oneOf"):
        branches = [beneath(one, key, root, within) for one in schema.get(combination, ())]
        parts.append(_joined("anyOf", [one for one in branches if one is not False], root))
    return _joined("allOf", parts, root)


def _joined(combination: str, schemas: list[Schema], root: Schema) -> Schema:
    """Schemas as one, each once, so that what refers to itself does not grow from level to level."""
    told: dict[int, Schema] = {}
    for schema in schemas:
        inner = schema[combination] if isinstance(schema, Mapping) and [*schema] == [combination] else [schema]
        for one in inner:
            found = resolved(one, root)
            if found is not True:
                told[id(found)] = found
    if not told or len(told) > _MOST_PARTS:
        return True
    return {combination: list(told.values())} if len(told) > 1 else next(iter(told.values()))


def _own(schema: Mapping[str, Any], key: str | int) -> Schema:
    if isinstance(key, int):
        first = schema.get("prefixItems", ())
        return first[key] if key < len(first) else schema.get("items", True)
    if key in (properties := schema.get("properties", {})):
        return properties[key]
    return True if "patternProperties" in schema else schema.get("additionalProperties", True)


def keyword(schema: Schema, name: str, root: Schema, within: Within = _NOWHERE) -> list[Any]:
    """What the schema, or a part of it that may hold, says under a keyword; all of it, in order."""
    schema = resolved(schema, root)
    if not isinstance(schema, Mapping) or id(schema) in within:
        return []
    within |= {id(schema)}
    said = [schema[name]] if name in schema else []
    for combination in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(combination, ()):
            said += keyword(one, name, root, within)
    return said


def misfit(value: Any, schema: Schema, root: Schema, within: Within = _NOWHERE) -> str | None:
    """Why a leaf cannot be what the schema asks for, in words; None where it can.

    Checks type, enum, const, the bounds of numbers, the lengths of strings, patterns and the format date; the number
    of an array's elements `array_misfit` checks. A pattern that Python cannot read is passed over.
    """
    schema = resolved(schema, root)
    if schema is False:
        return "nothing is allowed here"
    if not isinstance(schema, Mapping) or id(schema) in within:
        return None
    within |= {id(schema)}
    if (wrong := _of_kind(value, schema) or _of_number(value, schema) or _of_text(value, schema)) is not None:
        return wrong
    for one in schema.get("allOf", ()):
        if (wrong := misfit(value, one, root, within)) is not None:
            return wrong
    for combination in ("anyOf", "oneOf"):
        found = [misfit(value, one, root, within) for one in schema.get(combination, ())]
        if found and None not in found:
            return found[0]
    return None


def _of_kind(value: Any, schema: Mapping[str, Any]) -> str | None:
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if kinds and not any(_is_a(value, kind) for kind in kinds):
        return f"{canonical(value):.60} is no {' or '.join(kinds)}"
    text = canonical(value) if "enum" in schema or "const" in schema else ""
    if "enum" in schema and text not in map(canonical, schema["enum"]):
        return f"{text:.60} is none of the values allowed"
    if "const" in schema and text != canonical(schema["const"]):
        return f"{text:.60} is not {canonical(schema['const']):.60}"
    return None


def _is_a(value: Any, kind: str) -> bool:
    if kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return isinstance(value, int) or (isfinite(value) and (kind == "number" or value.is_integer()))
    return kind not in _LEAF_KINDS or isinstance(value, _LEAF_KINDS[kind])


def _of_number(value: Any, schema: Mapping[str, Any]) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    for bound, wrong in _BOUNDS.items():
        if _is_bound(limit := schema.get(bound)) and wrong(value, limit):
            return f"the number is not within its {bound}"
    step = schema.get("multipleOf")
    if _is_bound(step) and step and (isinstance(value, int) or isfinite(value)) and _exact(value) % _exact(step):
        return f"the number is no multiple of {step}"
    return None


def _exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _is_bound(bound: Any) -> bool:
    return isinstance(bound, (int, float)) and not isinstance(bound, bool)


def _of_text(value: Any, schema: Mapping[str, Any]) -> str | None:
    if not isinstance(value, str):
        return None
    if len(value) < schema.get("minLength", 0):
        return "the text is too short"
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        return "the text is too long"
    if "pattern" in schema and not _matches(schema["pattern"], value):
        return f"{value!r:.60} does not have the form {schema['pattern']!r:.60}"
    if schema.get("format") == "date" and (len(value) != len("2026-03-14") or iso_day(value) is None):
        return f"{value!r:.60} is no date"
    return None


def _matches(pattern: str, text: str) -> bool:
    """Whether it does; taken for granted where looking might take for ever, as a repeated group can on a long text."""
    if REPEATED_GROUP.search(pattern) and len(text) > SHORT:
        return True
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True


def array_misfit(length: int, schema: Schema, root: Schema) -> str | None:
    """Why an array cannot have so many elements, in words; None where it can."""
    if length < min(keyword(schema, "minItems", root), default=0):
        return "too few elements"
    longest = keyword(schema, "maxItems", root)
    return "too many elements" if longest and length > max(longest) else None
