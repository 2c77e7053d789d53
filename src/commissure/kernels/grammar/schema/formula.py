"""Boolean formulas over subschemas: what an item or a member has to satisfy, before it is worked out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from commissure.kernels.grammar.schema.source import Place
    from commissure.kernels.grammar.schema.value import Value


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


def both(parts: Iterable[Formula]) -> Formula:
    """The parts' intersection, simplified."""
    return _joined(parts, All, NOTHING)


def either(parts: Iterable[Formula]) -> Formula:
    """The parts' union, simplified."""
    return _joined(parts, Some, ANYTHING)


def negated(part: Formula) -> Formula:
    """The complement, simplified."""
    if part == ANYTHING:
        return NOTHING
    if part == NOTHING:
        return ANYTHING
    return part.part if isinstance(part, Not) else Not(part)


def _joined(parts: Iterable[Formula], kind: type[All] | type[Some], absorbing: Formula) -> Formula:
    """Nested parts of the same kind are taken apart; a part counts once."""
    flat: dict[Formula, None] = {}
    for part in parts:
        if part == absorbing:
            return absorbing
        if isinstance(part, kind):
            flat.update(dict.fromkeys(part.parts))
        else:
            flat[part] = None
    if any(negated(part) in flat for part in flat):
        return absorbing
    return next(iter(flat)) if len(flat) == 1 else kind(tuple(flat))
