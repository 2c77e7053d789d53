"""The smallest value of a JSON Schema, for modelled models that must say something of its form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commissure.hal.errors import UsageError
from commissure.sim.instance_numbers import least_integer, least_number
from commissure.sim.instance_schema import Flat, NoValue, checked, fits, found, merged

# Deep enough for any schema of an answer, and more places than any has.
DEEPEST, MOST_PLACES = 64, 10_000
# Characters and items in all: longer than any answer of a model.
MOST_SAID = 100_000

Path = frozenset[str]
"""The references that a place of the schema stands in."""


def smallest(schema: Any) -> Any:
    """A value that the schema allows, as far as it says the keywords of `instance_schema.CHECKS`.

    Members that are not required are left out where some are; where none is, those stay out that have no value.
    Patterns, formats and the other keywords are not looked at. Raises UsageError for what is no schema, for one that
    has no finite value, and for a value of more than MOST_SAID characters and items.
    """
    return _Search(schema, MOST_SAID, MOST_PLACES).value(schema, frozenset({"#"}), 0)


@dataclass(slots=True)
class _Search:
    """What is left to say, and the places left to look at."""

    root: Any
    room: int
    places: int

    def value(self, schema: Any, path: Path, depth: int) -> Any:
        """The value of a place. A smallest value never needs a reference inside itself."""
        flat, path = self._flat(schema, path, depth)
        return self._of_flat(flat, path, depth)

    def _flat(self, schema: Any, path: Path, depth: int) -> tuple[Flat, Path]:
        """The schema with what it refers to and all of allOf, as one; choices are left open."""
        self.places -= 1
        if depth > DEEPEST or self.places < 0:
            raise UsageError(f"a schema of a modelled answer has at most {DEEPEST} levels and {MOST_PLACES:,} places")
        flat = checked(schema)
        met, parts = path, list(flat.parts)
        if (reference := flat.reference) is not None:
            if reference in path:
                raise NoValue(f"a schema that always contains itself has no finite value: {reference}")
            part, met = self._flat(found(self.root, reference), path | {reference}, depth + 1)
            flat = merged(flat, part)
        for one in parts:
            part, beside = self._flat(one, path, depth + 1)
            flat, met = merged(flat, part), met | beside
        return flat, met

    def _of_flat(self, flat: Flat, path: Path, depth: int) -> Any:
        if flat.choices:
            rest = Flat(flat.keywords, flat.choices[1:])
            return self._first([(rest, one) for one in flat.choices[0]], path, depth)
        said = flat.keywords
        if "default" in said and fits(said["default"], said):
            return self._said(said["default"])
        if "enum" in said:
            value = next((one for one in said["enum"] if fits(one, said)), NoValue)
            if value is NoValue:
                raise NoValue(f"the schema allows no member of {said['enum']!r:.80}")
            return self._said(value)
        kinds = said.get("type") or [_kind_of(said)]
        return self._first([(Flat({**said, "type": [kind]}), None) for kind in kinds], path, depth)

    def _first(self, choices: list[tuple[Flat, Any]], path: Path, depth: int) -> Any:
        """The value of the first choice that has one: of a type, or of a schema that comes on top."""
        room, last = self.room, NoValue("the schema allows nothing")
        for flat, extra in choices:
            try:
                if extra is None:
                    return self._of_kind(flat.keywords["type"][0], flat.keywords, path, depth)
                part, met = self._flat(extra, path, depth + 1)
                return self._of_flat(merged(flat, part), met, depth + 1)
            except NoValue as error:
                self.room, last = room, error
        raise last

    def _of_kind(self, kind: str, said: Mapping[str, Any], path: Path, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(said, path, depth)
            case "array":
                return self._array(said, path, depth)
            case "string":
                return "x" * self._size(said, "minLength", "maxLength")
            case "integer":
                return least_integer(said)
            case "number":
                return least_number(said)
        return False if kind == "boolean" else None

    def _object(self, said: Mapping[str, Any], path: Path, depth: int) -> dict[str, Any]:
        known, value = said.get("properties", {}), {}
        for name in said.get("required", known):
            room = self.room
            try:
                self._take(len(name))
                value[name] = self.value(known.get(name, {}), path, depth + 1)
            except NoValue:
                if "required" in said:
                    raise
                self.room = room
        return value

    def _array(self, said: Mapping[str, Any], path: Path, depth: int) -> list[Any]:
        size = self._size(said, "minItems", "maxItems")
        if not size:
            return []
        room = self.room
        item = self.value(said.get("items", {}), path, depth + 1)
        self._take((size - 1) * (room - self.room))
        return [item] * size

    def _size(self, said: Mapping[str, Any], least: str, most: str) -> int:
        size = int(said.get(least, 0))
        if size > said.get(most, size):
            raise NoValue(f"the schema allows nothing: {least} {size} is above {most} {said[most]}")
        self._take(size)
        return size

    def _said(self, value: Any) -> Any:
        self._take(len(json.dumps(value)))
        return value

    def _take(self, size: int) -> None:
        self.room -= size
        if self.room < 0:
            raise UsageError(f"a modelled answer has at most {MOST_SAID:,} characters and items; the schema wants more")


def _kind_of(said: Mapping[str, Any]) -> str:
    """What a schema without a type is about."""
    about = {"object": ("properties", "required"), "array": ("items", "minItems"), "string": ("minLength",)}
    about["number"] = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return next((kind for kind, names in about.items() if any(name in said for name in names)), "null")
