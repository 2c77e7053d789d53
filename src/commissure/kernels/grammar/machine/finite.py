"""The few values that items can have, where all have to differ."""

from __future__ import annotations

from dataclasses import replace

from commissure.kernels.grammar.languages.numbers import exactly
from commissure.kernels.grammar.schema.literal import literal
from commissure.kernels.grammar.schema.meet import union
from commissure.kernels.grammar.schema.read import Reader
from commissure.kernels.grammar.schema.terms import Array, Formula, Leaf, Value
from commissure.kernels.grammar.schema.value import nothing

FEW = 8
"""Each subset of the values is a state of its own."""


def few_values(reader: Reader, array: Array) -> list[Formula] | None:
    """The values that any item can have, one formula each; None if there are more than a few, or arrays or objects."""
    found = nothing()
    for wanted in (*array.prefix, array.items):
        found = union(found, reader.value(wanted))
    return _told_apart(found)


def _told_apart(value: Value) -> list[Formula] | None:
    numbers, words = value.numbers.finite(FEW), value.texts.finite(FEW)
    if value.arrays or value.objects or numbers is None or words is None:
        return None
    alone: list[Formula] = [Leaf(literal((word,))) for word in words]
    alone += [Leaf(replace(nothing(), numbers=exactly((number,)))) for number in numbers]
    alone += [Leaf(literal((truth,))) for truth in sorted(value.booleans)]
    if value.null:
        alone.append(Leaf(literal((None,))))
    return alone if len(alone) <= FEW else None
