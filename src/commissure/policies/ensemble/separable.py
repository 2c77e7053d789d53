"""What a JSON Schema says of a value, as far as it falls apart into rules for the value's fields, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from commissure.policies.ensemble.leaves import canonical, keys_of

Kind = Literal["array", "object", "scalar"]
Plain = Mapping[str, Any]

_ALL: frozenset[Kind] = frozenset(("array", "object", "scalar"))
_EITHER = frozenset(("$dynamicRef", "$recursiveRef", "const", "else", "enum", "if", "not", "then"))
COUPLING: Mapping[Kind, frozenset[str]] = {
    "object": _EITHER
    | {
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "maxProperties",
        "minProperties",
        "unevaluatedProperties",
    },
    "array": _EITHER | {"additionalItems", "contains", "unevaluatedItems", "uniqueItems"},
    "scalar": frozenset(),
}
"""Keywords of JSON Schema (2020-12, and older ones' names) that couple the fields of an object, or an array's elements
beyond their number."""


class Coupled(Exception):
    """The rules for the value do not fall apart into rules for its fields."""


def kind_of(value: Any) -> Kind:
    """An object, an array, or a scalar, as which ABSENT counts."""
    return "object" if isinstance(value, dict) else "array" if isinstance(value, (list, tuple)) else "scalar"


class Rules:
    """The schemas of one document."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def opened(self, schemas: Iterable[Any]) -> list[Plain]:
        """The schemas and all that hold with them, by `$ref` and `allOf`. Raises Coupled for a reference elsewhere."""
        plain: list[Plain] = []
        ahead = list(schemas)
        seen: set[int] = set()
        while ahead:
            schema = ahead.pop()
            if isinstance(schema, Mapping) and id(schema) not in seen:
                seen.add(id(schema))
                plain.append(schema)
                ahead += schema.get("allOf", ())
                if "$ref" in schema:
                    ahead.append(self._referred(schema["$ref"]))
        return plain

    def _referred(self, reference: Any) -> Any:
        if not isinstance(reference, str) or (reference != "#" and not reference.startswith("#/")):
            raise Coupled
        node = self._document
        for key in keys_of(reference):
            if isinstance(node, Mapping) and key in node:
                node = node[key]
            elif isinstance(node, Sequence) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                raise Coupled
        return node

    def kinds(self, schema: Any) -> frozenset[Kind]:
        """No kind that is not among these satisfies the schema."""
        if schema is False:
            return frozenset()
        kinds = _ALL
        for plain in self.opened([schema]):
            if "type" in plain:
                types = [plain["type"]] if isinstance(plain["type"], str) else plain["type"]
                kinds &= {one if one in ("object", "array") else "scalar" for one in types}
            for values in (plain.get("enum"), [plain["const"]] if "const" in plain else None):
                if values is not None:
                    kinds &= {kind_of(value) for value in values}
        return kinds

    def branches(self, choice: Iterable[Any], kind: Kind) -> list[Any]:
        """Those of an `anyOf` or `oneOf` that a value of the kind may satisfy."""
        return [branch for branch in choice if kind in self.kinds(branch)]

    def discriminator(self, branches: Sequence[Any]) -> tuple[str, dict[str, int]]:
        """A key that every branch requires, with constants that no other branch has, and the branch by each constant's
        canonical text, as its place. Raises Coupled where there is none."""
        opened = [self.opened([branch]) for branch in branches]
        for name in sorted(required(opened[0])):
            by_text: dict[str, int] = {}
            for number, plain in enumerate(opened):
                texts = self._constants(plain, name)
                if name not in required(plain) or not texts or not by_text.keys().isdisjoint(texts):
                    break
                by_text.update(dict.fromkeys(texts, number))
            else:
                return name, by_text
        raise Coupled

    def _constants(self, plain: Iterable[Plain], name: str) -> set[str]:
        for schema in self.opened(found[name] for one in plain if name in (found := one.get("properties", {}))):
            if "const" in schema or "enum" in schema:
                return {canonical(one) for one in ([schema["const"]] if "const" in schema else schema["enum"])}
        return set()


def required(plain: Iterable[Plain]) -> set[str]:
    """The keys that an object must have."""
    return {key for schema in plain for key in schema.get("required", ())}


def of_key(plain: Iterable[Plain], key: str) -> list[Any] | None:
    """The schemas of an object's key; None where patterns say which hold."""
    found = []
    for schema in plain:
        if schema.get("patternProperties"):
            return None
        if key in schema.get("properties", ()):
            found.append(schema["properties"][key])
        elif "additionalProperties" in schema:
            found.append(schema["additionalProperties"])
    return found


def of_place(plain: Iterable[Plain], place: int) -> list[Any] | None:
    """The schemas of an array's element; None where `items` is a list, as before 2020-12."""
    found = []
    for schema in plain:
        items = schema.get("items", True)
        if isinstance(items, list):
            return None
        first = schema.get("prefixItems", ())
        found.append(first[place] if place < len(first) else items)
    return found
