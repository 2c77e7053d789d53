"""Works formulas over subschemas out into sets of JSON values."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.errors import InvalidSchema, OverBudget, PatternError
from commissure.kernels.grammar.languages.formats import NARROWER
from commissure.kernels.grammar.languages.numbers import exactly, integers
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.applicators import applied
from commissure.kernels.grammar.schema.arrays import arrays_of
from commissure.kernels.grammar.schema.formula import both, formula
from commissure.kernels.grammar.schema.literal import literal
from commissure.kernels.grammar.schema.meet import intersection, union
from commissure.kernels.grammar.schema.negate import complement
from commissure.kernels.grammar.schema.objects import objects_of
from commissure.kernels.grammar.schema.scalars import numbers_of, texts_of
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.schema.source import Place, shown
from commissure.kernels.grammar.schema.terms import All, Array, Atom, Formula, Leaf, Not, Object, Some, Value
from commissure.kernels.grammar.schema.value import everything, nothing

TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")
DEEP = 3
"""How many levels down an intersection is looked into for whether it is plainly empty."""


class SelfReference(InvalidSchema):
    """A subschema is the same as itself, or as a set made of itself, without an array or object between."""


class Reader:
    """Formulas to values, each once."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._values: dict[Formula, Value] = {}
        self._open: dict[Formula, None] = {}
        self._empty: dict[tuple[Formula, int], bool] = {}

    def value(self, wanted: Formula) -> Value:
        """The set of values that satisfy a formula."""
        known = self._values.get(wanted)
        if known is None:
            if wanted in self._open:
                pointer = next((one.place.pointer for one in self._open if isinstance(one, Atom)), "")
                raise SelfReference(pointer, "", "it refers to itself before any member or item")
            self._open[wanted] = None
            try:
                known = self._values[wanted] = self._worked_out(wanted)
            finally:
                del self._open[wanted]
        return known

    def impossible(self, wanted: Formula, depth: int = DEEP) -> bool:
        """Whether plainly nothing satisfies a formula; false where it would take too long to tell."""
        key = (wanted, depth)
        if key not in self._empty:
            try:
                self._empty[key] = self._pruned(self.value(wanted), depth).empty
            except SelfReference:
                # It hangs on what is being worked out further up, of which nothing is known yet.
                return False
        return self._empty[key]

    def _worked_out(self, wanted: Formula) -> Value:
        self._meter.check(0)
        if isinstance(wanted, Leaf):
            return wanted.value
        if isinstance(wanted, Not):
            return complement(self.value(wanted.part), self._meet)
        if isinstance(wanted, All):
            return self._met([self.value(part) for part in wanted.parts])
        if isinstance(wanted, Some):
            return reduce(union, [self.value(part) for part in wanted.parts], nothing())
        return self._of_place(wanted.place)

    def _of_place(self, place: Place) -> Value:
        """All keywords of a subschema, in the order of the document where it matters: that of members."""
        parts = [self._own(place) if part is None else self.value(part) for part in applied(place, self._exclusive)]
        return self._met(parts)

    def _own(self, place: Place) -> Value:
        """The keywords that speak of the value itself."""
        names, narrow = None, None
        if "propertyNames" in place.contents:
            keys = self.value(formula(place.below("propertyNames")))
            names, narrow = None if keys.texts == Texts.all() else keys.texts, keys.narrow
        found = Value(
            True,
            everything().booleans,
            numbers_of(place),
            texts_of(place, self._settings),
            arrays_of(place),
            objects_of(place, names, self._check),
            place if self._settings.formats and place.contents.get("format") in NARROWER else narrow,
        )
        if "type" in place.contents:
            found = _typed(place, found)
        if "enum" in place.contents:
            found = self._meet(_listed(place, "enum", place.expect("enum", list)), found)
        if "const" in place.contents:
            found = self._meet(_listed(place, "const", [place.contents["const"]]), found)
        return found

    def _exclusive(self, parts: list[Formula]) -> Formula:
        """Exactly one of the parts. Where two exclude each other plainly, their complements are not needed."""
        chosen: list[Formula] = []
        for place, part in enumerate(parts):
            # In one order, so that each pair is looked at once.
            before = [other for other in parts[:place] if not self._disjoint(other, part)]
            others = before + [other for other in parts[place + 1 :] if not self._disjoint(part, other)]
            chosen.append(both([part, *(Not(other) for other in others)]))
        return Some(tuple(dict.fromkeys(chosen)))

    def _disjoint(self, one: Formula, other: Formula) -> bool:
        return one != other and self.impossible(both((one, other)))

    def _met(self, parts: list[Value]) -> Value:
        """The intersection, rid of plainly empty alternatives after each part."""
        found = everything()
        for part in parts:
            before = found
            found = intersection(found, part, self._check)
            if before.objects != part.objects and len(found.objects) > 1:
                found = self._pruned(found, DEEP)
        return found

    def _meet(self, one: Value, other: Value) -> Value:
        return intersection(one, other, self._check)

    def _check(self, alternatives: int) -> None:
        """Raise OverBudget if a union has grown to too many alternatives, or the time is used up."""
        self._meter.check(0)
        if alternatives > self._settings.alternatives:
            fix = "fewer overlapping anyOf, oneOf, not or if"
            raise OverBudget("", "", f"more than {self._settings.alternatives:,} alternatives", fix)

    def _pruned(self, value: Value, depth: int) -> Value:
        """Without arrays and objects that plainly cannot be."""
        if depth == 0:
            return value
        objects = tuple(one for one in value.objects if not self._no_object(one, depth))
        arrays = tuple(one for one in value.arrays if not self._no_array(one, depth))
        return replace(value, arrays=arrays, objects=objects)

    def _no_object(self, found: Object, depth: int) -> bool:
        return any(member.required and self._plainly(member.value, depth) for member in found.members)

    def _no_array(self, found: Array, depth: int) -> bool:
        return any(self._plainly(found.item(place), depth) for place in range(min(found.least, len(found.prefix) + 1)))

    def _plainly(self, wanted: Formula, depth: int) -> bool:
        """A formula that is being worked out further up is taken to be possible."""
        return wanted not in self._open and self.impossible(wanted, depth - 1)


def _listed(place: Place, keyword: str, values: list[Any]) -> Value:
    try:
        return literal(values)
    except PatternError as error:
        raise OverBudget(place.pointer, keyword, str(error), "name fewer or shorter numbers") from error


def _typed(place: Place, found: Value) -> Value:
    given = place.expect("type", str, list)
    types = [given] if isinstance(given, str) else given
    if not types:
        raise place.invalid("type", "'type' must name at least one type", f"allowed: {', '.join(TYPES)}")
    for name in types:
        if name not in TYPES:
            raise place.invalid("type", f"unknown type {shown(name)}", f"allowed: {', '.join(TYPES)}")
    numbers = exactly(())
    if "number" in types:
        numbers = found.numbers
    elif "integer" in types:
        numbers = found.numbers & integers()
    return Value(
        found.null and "null" in types,
        found.booleans if "boolean" in types else frozenset(),
        numbers,
        found.texts if "string" in types else Texts.of(()),
        found.arrays if "array" in types else (),
        found.objects if "object" in types else (),
        found.narrow if "string" in types else None,
    )
