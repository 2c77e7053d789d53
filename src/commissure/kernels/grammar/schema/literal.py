"""The set that holds given JSON values and no others: enum and const."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from commissure.kernels.grammar.languages.numbers import exactly
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.terms import Array, Formula, Leaf, Member, Object, Value
from commissure.kernels.grammar.schema.value import nothing


def literal(values: Sequence[Any]) -> Value:
    """These values. 1 and 1.0 are the same; members of objects come in the order in which they are given."""
    numbers = [exact(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return replace(
        nothing(),
        null=any(value is None for value in values),
        booleans=frozenset(value for value in values if isinstance(value, bool)),
        numbers=exactly(numbers),
        texts=Texts.of(value for value in values if isinstance(value, str)),
        arrays=tuple(_array(value) for value in values if isinstance(value, list)),
        objects=tuple(_object(value) for value in values if isinstance(value, dict)),
    )


def exact(number: float | int) -> Decimal:
    """The number as it is written: 0.1 is a tenth, not its nearest binary fraction."""
    return Decimal(repr(number) if isinstance(number, float) else number)


def _array(items: list[Any]) -> Array:
    return Array(tuple(_leaf(item) for item in items), least=len(items), most=len(items))


def _object(members: dict[str, Any]) -> Object:
    return Object(tuple(Member(name, _leaf(value), True) for name, value in members.items()))


def _leaf(value: Any) -> Formula:
    return Leaf(literal((value,)))
