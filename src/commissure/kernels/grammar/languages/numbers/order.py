"""Numbers by how they compare with one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from commissure.kernels.grammar.languages.dfa import Dfa
from commissure.kernels.grammar.languages.numbers.spelling import MINUS, POINT, ZERO, digits, explored


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a number has been read: a part, how many digits of it, and how they compare with the bound's so far."""

    part: str
    """first (nothing or a sign), whole, zero (a whole part that has ended), point, fraction."""
    sign: int
    place: int
    order: int


def compared(bound: Decimal, outcomes: frozenset[int]) -> Dfa:
    """Plain spellings of numbers x such that sign(x - bound) is one of the outcomes (-1, 0, 1).

    Raises PatternError for a bound that is too long, see `digits`.
    """
    whole, fraction = digits(bound)

    def begun(sign: int) -> Reading:
        # A magnitude of the other sign is farther off whatever its digits: as if it were longer than the bound.
        apart = bound != 0 and sign != (1 if bound > 0 else -1)
        return Reading("first", sign, *((len(whole) + 1, 1) if apart else (0, 0)))

    def steps(at: Reading) -> Iterator[tuple[int, int, Reading]]:
        if at.part == "first" and at.sign == 0:
            yield MINUS, MINUS, begun(-1)
            at = begun(1)
        if at.part in ("whole", "zero"):
            order = at.order if at.place >= len(whole) else -1
            yield POINT, POINT, Reading("point", at.sign, 0, order)
        if at.part != "zero":
            yield from _digits(at, fraction if at.part in ("point", "fraction") else whole)

    def accepting(at: Reading) -> bool:
        if at.part in ("first", "point"):
            return False
        order = at.order
        if at.part != "fraction":
            order = -1 if at.place < len(whole) else order or -bool(fraction)
        elif order == 0 and at.place < len(fraction):
            order = -1
        return order * at.sign in outcomes

    return explored(Reading("first", 0, 0, 0), steps, accepting)


def _digits(at: Reading, figures: str) -> Iterator[tuple[int, int, Reading]]:
    """Where digits lead, in the whole part or in the fraction, of which the bound has these figures."""
    fractional = at.part in ("point", "fraction")
    for digit in range(10):
        if fractional:
            figure = int(figures[at.place]) if at.place < len(figures) else 0
            order = at.order or _compared(digit, figure)
            place = 0 if order else min(at.place + 1, len(figures))
            part = "fraction"
        elif at.place < len(figures):
            order, place = at.order or _compared(digit, int(figures[at.place])), at.place + 1
            part = "zero" if digit == 0 and at.part == "first" else "whole"
        else:
            order, place = 1, len(figures) + 1
            part = "zero" if digit == 0 and at.part == "first" else "whole"
        yield ZERO + digit, ZERO + digit, Reading(part, at.sign, place, order)


def _compared(one: int, other: int) -> int:
    return (one > other) - (one < other)
