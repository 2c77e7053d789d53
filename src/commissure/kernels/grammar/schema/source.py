"""A schema document: its places by JSON pointer, the drafts, and where a reference leads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urldefrag

from referencing import Registry
from referencing._core import Resolver
from referencing.exceptions import CannotDetermineSpecification, Unresolvable
from referencing.jsonschema import (
    DRAFT4,
    DRAFT6,
    DRAFT7,
    DRAFT201909,
    DRAFT202012,
    ObjectSchema,
    Schema,
    SchemaRegistry,
)

from commissure.kernels.grammar.errors import InvalidSchema, NotRegular

DRAFTS = {
    "draft-04": DRAFT4,
    "draft-06": DRAFT6,
    "draft-07": DRAFT7,
    "2019-09": DRAFT201909,
    "2020-12": DRAFT202012,
}
OLD = ("draft-04", "draft-06", "draft-07")
"""Drafts in which what stands beside a `$ref` does not count."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One subschema that is an object. Places are one for each subschema, so that identity is equality."""

    contents: Mapping[str, Any]
    pointer: str
    draft: str | None
    resolver: Resolver[Schema]
    source: Source

    def below(self, *path: str | int) -> Place | bool:
        """The subschema below this one; true or false where one of these stands for it."""
        found: Any = self.contents
        for step in path:
            found = found[step]
        return self.source.place(found, self.pointer + "".join(f"/{escaped(str(step))}" for step in path), self)

    def referred(self, keyword: str) -> Place | bool:
        """The subschema that the reference under a keyword leads to. Raises InvalidSchema if that is nowhere."""
        reference = self.expect(keyword, str)
        try:
            found = self.resolver.lookup(reference)
        except (Unresolvable, CannotDetermineSpecification, ValueError, LookupError) as error:
            raise self._lost(keyword, reference) from error
        if not isinstance(found.contents, bool | dict):
            raise self.invalid(keyword, f"{reference!r} leads to {shown(found.contents)}, which is no schema")
        return self.source.place(found.contents, "", self, found.resolver)

    def expect(self, keyword: str, *kinds: type) -> Any:
        """The keyword's value. Raises InvalidSchema if it is of no allowed type; true is no number."""
        value = self.contents[keyword]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(dict.fromkeys(NAMES[kind] for kind in kinds))
            raise self.invalid(keyword, f"{keyword!r} must be {wanted}, not {shown(value)}")
        return value

    def count(self, keyword: str) -> int:
        """A keyword's whole number, 0 or more."""
        value = self.expect(keyword, int, float)
        if value < 0 or value != int(value):
            raise self.invalid(keyword, f"{keyword!r} must be a whole number, 0 or more, not {shown(value)}")
        return int(value)

    def invalid(self, keyword: str, reason: str, fix: str = "") -> InvalidSchema:
        """Why this place is no schema."""
        return InvalidSchema(self.pointer, keyword, reason, fix)

    def irregular(self, keyword: str, reason: str, fix: str = "") -> NotRegular:
        """Why a keyword of this place cannot be honoured."""
        return NotRegular(self.pointer, keyword, reason, fix)

    def _lost(self, keyword: str, reference: str) -> InvalidSchema:
        url, _ = urldefrag(reference)
        if url:
            reason = f"{reference!r} is another document, and none is fetched"
            return self.invalid(keyword, reason, "put it under $defs and refer to it there")
        places = sorted({*self.source.names, *self.source.pointers.values()})
        near = get_close_matches(reference, [f"#{place}" for place in places[:MOST_NEAR]], n=1)
        return self.invalid(keyword, f"{reference!r} leads nowhere", f"did you mean {near[0]!r}?" if near else "")


NO_NUMBERS = (float("inf"), float("-inf"))
MOST_NEAR = 2_000
"""Places among which the nearest to a lost reference is looked for."""
NAMES: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


class Source:
    """A whole schema. `root` is its place, or true or false."""

    def __init__(self, schema: Any) -> None:
        if not isinstance(schema, bool | dict):
            raise InvalidSchema("", "", f"a schema is an object, true or false, not {shown(schema)}")
        self.pointers: dict[int, str] = {}
        self.anchors: list[str] = []
        self.names: list[str] = []
        for found, pointer in _objects(schema):
            self.pointers[id(found)] = pointer
            if isinstance(found.get("$dynamicAnchor"), str):
                self.anchors.append(found["$dynamicAnchor"])
            if isinstance(found.get("$anchor"), str):
                self.names.append(found["$anchor"])
        self._places: dict[int, Place] = {}
        self._kept: list[Any] = []
        draft = stated(schema) if isinstance(schema, dict) else None
        specification = DRAFTS[draft or "2020-12"]
        try:
            registry: SchemaRegistry = Registry()
            self._resolver = registry.resolver_with_root(specification.create_resource(schema))
        except (Unresolvable, ValueError, AttributeError, TypeError) as error:
            raise InvalidSchema("", "$id", f"its identifiers cannot be read: {error}") from error
        self.draft = draft
        self.root = self.place(schema, "", None, self._resolver)

    def place(
        self, contents: Any, pointer: str, above: Place | None, resolver: Resolver[Schema] | None = None
    ) -> Place | bool:
        """The place of a subschema, with the base of its references. Raises InvalidSchema if it is none."""
        if isinstance(contents, bool):
            return contents
        pointer = self.pointers.get(id(contents), pointer)
        if not isinstance(contents, dict):
            raise InvalidSchema(pointer, "", f"a subschema is an object, true or false, not {shown(contents)}")
        known = self._places.get(id(contents))
        if known is not None:
            return known
        draft = stated(contents) or (above.draft if above else self.draft)
        if resolver is None:
            resolver = above.resolver if above else self._resolver
            if "$id" in contents or "id" in contents:
                resolver = resolver.in_subresource(DRAFTS[draft or "2020-12"].create_resource(contents))
        self._kept.append(contents)
        found = self._places[id(contents)] = Place(contents, pointer, draft, resolver, self)
        return found


def stated(schema: ObjectSchema) -> str | None:
    """The draft that `$schema` names, if it is one that we know. Others' own dialects read as if they named none."""
    name = schema.get("$schema")
    if not isinstance(name, str) or "json-schema.org" not in name:
        return None
    return next((draft for draft in DRAFTS if draft in name), None)


def escaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return step.replace("~", "~0").replace("/", "~1")


def shown(value: Any) -> str:
    """A value as it stands in the document, cut short."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _objects(schema: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """All objects of the document, each once, and where they stand. Raises InvalidSchema for what is no JSON."""
    waiting: list[tuple[Any, str]] = [(schema, "")]
    seen: set[int] = set()
    while waiting:
        found, at = waiting.pop()
        if isinstance(found, dict | list):
            if id(found) in seen:
                continue
            seen.add(id(found))
        if isinstance(found, dict):
            odd = next((name for name in found if not isinstance(name, str)), None)
            if odd is not None:
                raise InvalidSchema(at, "", f"the name of a member must be a string, not {shown(odd)}")
            yield found, at
            waiting.extend((below, f"{at}/{escaped(name)}") for name, below in reversed(found.items()))
        elif isinstance(found, list):
            waiting.extend((below, f"{at}/{place}") for place, below in enumerate(found))
        elif not (found is None or isinstance(found, str | int | float)) or found in NO_NUMBERS or found != found:
            raise InvalidSchema(at, "", f"{shown(found)} is no JSON value")
