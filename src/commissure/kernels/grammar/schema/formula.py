"""Boolean formulas put together, simplified as far as is plain."""

from __future__ import annotations

from collections.abc import Iterable

from commissure.kernels.grammar.schema.source import Place
from commissure.kernels.grammar.schema.terms import ANYTHING, NOTHING, All, Atom, Formula, Not, Some


def formula(found: Place | bool) -> Formula:
    """The formula of a subschema."""
    if isinstance(found, bool):
        return ANYTHING if found else NOTHING
    return Atom(found)


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
