"""What a JSON Schema says of a value, checked, and several of them as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from commissure.hal.errors import UsageError, unknown

TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),), "boolean": (bool,), "integer": (int,), "number": (int, float), "string": (str,),
    "array": (list,), "object": (Mapping,),
}  # fmt: skip
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


class NoValue(UsageError):
    """No finite value is valid under the schema."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Keywords of CHECKS by name: const as an enum, types as a list. `choices` are anyOf and oneOf, each to be met.

    `parts` and `reference` are what stands in allOf and $ref, as long as they are not merged.
    """

    keywords: Mapping[str, Any]
    choices: tuple[Sequence[Any], ...] = ()
    parts: Sequence[Any] = ()
    reference: str | None = None


def _is_number(value: Any) -> bool:
    # As doubles have them: the sums of bounds stay finite.
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e307 <= value <= 1e307


def _is_size(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == math.floor(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0


def _are_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


Check = tuple[Callable[[Any], bool], str]
_NUMBER: Check = (_is_number, "a number within 1e307")
_SIZE: Check = (_is_size, "a whole number from 0 on")
_LIST: Check = (_is_list, "a list that is not empty")
CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _SIZE),
    **dict.fromkeys(("enum", "anyOf", "oneOf", "allOf"), _LIST),
    "const": (lambda _: True, ""),
    "default": (lambda _: True, ""),
    "items": (lambda value: isinstance(value, Mapping | bool), "a schema"),
    "properties": (lambda value: isinstance(value, Mapping) and _are_names(list(value)), "an object of schemas"),
    "required": (_are_names, "a list of names"),
    "type": (lambda value: isinstance(value, str) or (_is_list(value) and _are_names(value)), "a type, or a list"),
    "$ref": (lambda value: isinstance(value, str), "a text such as #/$defs/name"),
}
_APART = ("anyOf", "oneOf", "allOf", "$ref", "const")


def checked(schema: Any) -> Flat:
    """A schema's own keywords. Raises UsageError for what is none, NoValue for `false`."""
    if schema is False:
        raise NoValue("the schema false allows nothing")
    if schema is True:
        return Flat({})
    if not isinstance(schema, Mapping):
        raise UsageError(f"a JSON Schema is an object, true or false, not {schema!r:.80}")
    for name, (right, wanted) in CHECKS.items():
        if name in schema and not right(schema[name]):
            raise UsageError(f"JSON Schema: {name} must be {wanted}, not {schema[name]!r:.80}")
    own = {name: schema[name] for name in CHECKS if name in schema and name not in _APART}
    if "type" in own:
        own["type"] = [own["type"]] if isinstance(own["type"], str) else list(own["type"])
        for kind in own["type"]:
            if kind not in TYPES:
                raise unknown("type in a JSON Schema", kind, TYPES)
    choices = tuple(schema[name] for name in ("anyOf", "oneOf") if name in schema)
    flat = Flat(own, choices, schema.get("allOf", ()), schema.get("$ref"))
    return merged(flat, Flat({"enum": [schema["const"]]})) if "const" in schema else flat


def merged(one: Flat, two: Flat) -> Flat:
    """What both say; parts and reference are those of `one`. Raises NoValue if their types have nothing in common."""
    both = {**two.keywords, **one.keywords}
    for name in one.keywords.keys() & two.keywords.keys():
        first, second = one.keywords[name], two.keywords[name]
        if name in _LEAST or name in _MOST:
            both[name] = max(first, second) if name in _LEAST else min(first, second)
        elif name == "type":
            both[name] = _common(first, second)
        elif name == "enum":
            both[name] = [value for value in first if any(_same(value, other) for other in second)]
        elif name == "required":
            both[name] = list(dict.fromkeys((*first, *second)))
        elif name == "items":
            both[name] = {"allOf": [first, second]}
        elif name == "properties":
            shared = {key: {"allOf": [first[key], second[key]]} for key in first if key in second}
            both[name] = {**first, **second, **shared}
    return Flat(both, one.choices + two.choices, one.parts, one.reference)


def _common(first: Sequence[str], second: Sequence[str]) -> list[str]:
    kinds = [kind for kind in first if kind in second or (kind == "integer" and "number" in second)]
    kinds += [kind for kind in second if kind == "integer" and "number" in first and kind not in kinds]
    if not kinds:
        raise NoValue(f"the schema allows nothing: type {' or '.join(first)} and type {' or '.join(second)}")
    return kinds


def _same(one: Any, two: Any) -> bool:
    return isinstance(one, bool) == isinstance(two, bool) and bool(one == two)


def fits(value: Any, said: Mapping[str, Any]) -> bool:
    """Whether a value has the type, the bounds and the required members that are said, and is in the enum."""
    if "enum" in said and not any(_same(value, one) for one in said["enum"]):
        return False
    if "type" in said and not any(_is_of(value, kind) for kind in said["type"]):
        return False
    if isinstance(value, str | list):
        least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        return bool(said.get(least, 0) <= len(value) <= said.get(most, len(value)))
    if isinstance(value, Mapping):
        return all(name in value for name in said.get("required", ()))
    return isinstance(value, bool) or not isinstance(value, int | float) or within(value, said)


def _is_of(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


def within(value: float, said: Mapping[str, Any]) -> bool:
    """Whether a number keeps the bounds."""
    low, high = said.get("minimum", -math.inf), said.get("maximum", math.inf)
    above, below = said.get("exclusiveMinimum", -math.inf), said.get("exclusiveMaximum", math.inf)
    return bool(low <= value <= high and above < value < below)


def found(root: Any, reference: str) -> Any:
    """What a JSON pointer (RFC 6901) as `#/...` leads to. Raises UsageError if that is nothing."""
    place = root
    pointer = unquote(reference.removeprefix("#"))
    known = reference.startswith("#") and (not pointer or pointer.startswith("/"))
    for part in pointer.split("/")[1:] if known else ():
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, Mapping) and name in place:
            place = place[name]
        elif isinstance(place, list | tuple) and name.isdecimal() and int(name) < len(place):
            place = place[int(name)]
        else:
            known = False
            break
    if not known:
        raise UsageError(f"JSON Schema: $ref {reference!r} leads nowhere; give #/ and the names on the way, or #")
    return place
