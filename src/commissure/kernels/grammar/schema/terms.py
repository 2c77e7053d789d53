"""Sets of JSON values, and boolean formulas over subschemas: each is made of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from commissure.kernels.grammar.languages.numbers import Numbers
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.source import Place


@dataclass(frozen=True, slots=True)
class Atom:
    """What the subschema at a place allows."""

    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A set that is worked out already."""

    value: Value


@dataclass(frozen=True, slots=True)
class All:
    """What every part allows; the first part's order of members comes first."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """What any part allows."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the part refuses."""

    part: Formula


Formula: TypeAlias = Atom | Leaf | All | Some | Not

ANYTHING = All(())
NOTHING = Some(())


@dataclass(frozen=True, slots=True)
class Counted:
    """At least `least` and at most `most` of the items from place `start` on satisfy `value`."""

    value: Formula
    start: int
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Array:
    """Arrays whose first items satisfy `prefix`, one each, and all later ones `items`."""

    prefix: tuple[Formula, ...] = ()
    items: Formula = ANYTHING
    least: int = 0
    most: int | None = None
    counted: tuple[Counted, ...] = ()
    unique: str | None = None
    """The pointer of the subschema that wants all items to differ, if one does."""

    def item(self, place: int) -> Formula:
        """What the item at a place has to satisfy."""
        return self.prefix[place] if place < len(self.prefix) else self.items


@dataclass(frozen=True, slots=True)
class Member:
    """A member by name. One that is not required and whose value nothing satisfies is forbidden."""

    name: str
    value: Formula
    required: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """Members whose names are in `keys`, as many as there are."""

    keys: Texts
    value: Formula


@dataclass(frozen=True, slots=True)
class Witness:
    """At least one member has a name in `keys` and a value that satisfies `value`."""

    keys: Texts
    value: Formula


@dataclass(frozen=True, slots=True)
class Object:
    """Objects: the members in this order, then the rest.

    The keys of `rest` are disjoint and hold no member's name; a name that is neither is refused.
    """

    members: tuple[Member, ...] = ()
    rest: tuple[Rest, ...] = ()
    least: int = 0
    most: int | None = None
    witnesses: tuple[Witness, ...] = ()

    def member(self, name: str) -> Member | None:
        """The member of that name."""
        return next((member for member in self.members if member.name == name), None)


@dataclass(frozen=True, slots=True)
class Value:
    """A set of JSON values: unions of arrays and of objects beside sets of scalars."""

    null: bool
    booleans: frozenset[bool]
    numbers: Numbers
    texts: Texts
    arrays: tuple[Array, ...]
    objects: tuple[Object, ...]
    narrow: Place | None = None
    """Where a format stands of which not every valid string is in `texts`: the complement would be too wide."""

    @property
    def empty(self) -> bool:
        """Whether no value is left; arrays and objects are taken to be possible."""
        scalars = self.null or self.booleans or not self.numbers.empty or not self.texts.empty
        return not (scalars or self.arrays or self.objects)
