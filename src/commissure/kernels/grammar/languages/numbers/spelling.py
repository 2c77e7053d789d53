"""How JSON numbers are spelled in bytes: without an exponent, with one, and the one shortest spelling of each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import TypeVar

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.dfa import Dfa, Edge, merged
from commissure.kernels.grammar.languages.minimal import minimised

PLUS, MINUS, POINT, ZERO, ONE, NINE, UPPER_E, LOWER_E = b"+-.019Ee"
DIGITS = 2_000
"""The longest number, written out, that may stand in a schema; a float's extremes (1e308, 5e-324) take 330 digits."""
STATES = 20_000

PLAIN = Dfa(
    (
        ((MINUS, MINUS, 1), (ZERO, ZERO, 2), (ONE, NINE, 3)),
        ((ZERO, ZERO, 2), (ONE, NINE, 3)),
        ((POINT, POINT, 4),),
        ((POINT, POINT, 4), (ZERO, NINE, 3)),
        ((ZERO, NINE, 5),),
        ((ZERO, NINE, 5),),
    ),
    frozenset({2, 3, 5}),
)
"""Spellings without an exponent: -?(0|[1-9][0-9]*)(.[0-9]+)?"""

UNSIGNED = Dfa((PLAIN.edges[1], *PLAIN.edges[1:]), PLAIN.accepting)
SIGNED = Dfa((PLAIN.edges[0][:1], *PLAIN.edges[1:]), PLAIN.accepting)
ONE_DIGIT = Dfa(
    (
        ((MINUS, MINUS, 1), (ZERO, NINE, 2)),
        ((ZERO, NINE, 2),),
        ((POINT, POINT, 3),),
        ((ZERO, NINE, 4),),
        ((ZERO, NINE, 4),),
    ),
    frozenset({2, 4}),
)
"""PLAIN with one digit before the point."""

SHORTEST = Dfa(
    (
        ((MINUS, MINUS, 1), (ZERO, ZERO, 2), (ONE, NINE, 3)),
        ((ZERO, ZERO, 6), (ONE, NINE, 3)),
        ((POINT, POINT, 4),),
        ((POINT, POINT, 4), (ZERO, NINE, 3)),
        ((ZERO, ZERO, 4), (ONE, NINE, 5)),
        ((ZERO, ZERO, 4), (ONE, NINE, 5)),
        ((POINT, POINT, 4),),
    ),
    frozenset({2, 3, 5}),
)
"""One spelling a number: no zero ends a fraction, and zero has no sign."""

State = TypeVar("State", bound=Hashable)


def explored(
    start: State,
    steps: Callable[[State], Iterable[tuple[int, int, State]]],
    accepting: Callable[[State], bool],
) -> Dfa:
    """The minimal automaton of all states that the steps reach. Raises PatternError beyond STATES of them."""
    states = [start]
    names = {start: 0}
    edges: list[tuple[Edge, ...]] = []
    while len(edges) < len(states):
        row: list[Edge] = []
        for low, high, to in steps(states[len(edges)]):
            if to not in names:
                names[to] = len(states)
                states.append(to)
            row.append((low, high, names[to]))
        edges.append(merged(row))
        if len(states) > STATES:
            raise PatternError(f"a set of numbers with more than {STATES:,} states")
    return minimised(Dfa(tuple(edges), frozenset(names[state] for state in states if accepting(state))))


def digits(value: Decimal) -> tuple[str, str]:
    """The digits before and after the point, "0" at least before it, and no zeros that say nothing.

    Raises PatternError for infinities, for what is no number, and for what takes more than DIGITS digits.
    """
    _, figures, power = value.as_tuple()
    if not isinstance(power, int):
        raise PatternError(f"{value} is not a JSON number")
    text = "".join(map(str, figures)).lstrip("0")
    power += len(text) - len(text.rstrip("0"))
    text = text.rstrip("0")
    if not text:
        return "0", ""
    if len(text) + abs(power) > DIGITS:
        raise PatternError(f"a number of more than {DIGITS:,} digits when written out, near 1e{value.adjusted()}")
    if power >= 0:
        return text + "0" * power, ""
    text = text.rjust(1 - power, "0")
    return text[:power], text[power:]


def shortest(value: Decimal) -> str:
    """The spelling that SHORTEST accepts."""
    whole, fraction = digits(value)
    return ("-" if value < 0 else "") + whole + ("." + fraction if fraction else "")


def exponential(mantissas: Dfa) -> Dfa:
    """Each word of the language, followed by an exponent: [eE][+-]?[0-9]+."""
    mark = mantissas.states
    return _followed(
        mantissas,
        ((PLUS, PLUS, mark + 1), (MINUS, MINUS, mark + 1), (ZERO, NINE, mark + 2)),
        ((ZERO, NINE, mark + 2),),
        ((ZERO, NINE, mark + 2),),
    )


def shrunk(mantissas: Dfa) -> Dfa:
    """Each word of the language, followed by an exponent below 0: [eE]-0*[1-9][0-9]*."""
    mark = mantissas.states
    return _followed(
        mantissas,
        ((MINUS, MINUS, mark + 1),),
        ((ZERO, ZERO, mark + 1), (ONE, NINE, mark + 2)),
        ((ZERO, NINE, mark + 2),),
    )


def _followed(mantissas: Dfa, *tail: tuple[Edge, ...]) -> Dfa:
    """Each word, an e, and the tail's three states, of which the last accepts."""
    mark = mantissas.states
    rows = (
        (*row, (UPPER_E, UPPER_E, mark), (LOWER_E, LOWER_E, mark)) if state in mantissas.accepting else row
        for state, row in enumerate(mantissas.edges)
    )
    return Dfa((*rows, *tail), frozenset({mark + 2}))
