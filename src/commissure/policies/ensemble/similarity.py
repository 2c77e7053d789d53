"""How like two JSON records are, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import fsum, isfinite
from typing import Any

from commissure.policies.ensemble.leaves import canonical, flatten

Number = int | float


def similarity(one: Any, other: Any) -> float:
    """From 0 to 1, and 1 for equal records; symmetric, and blind to the order of an object's keys.

    The mean over all leaves that either record has (`flatten`): 1 for an equal leaf, 0 for one that only one has.
    Unequal numbers of one sign count the smaller over the greater; unequal strings Dice's coefficient of their pairs of
    neighbouring characters (Dice 1945; Adamson and Boreham 1974); all else 0. An array is compared place by place.
    """
    return similarities([one, other])[0][1]


def similarities(records: Sequence[Any]) -> list[list[float]]:
    """The similarity of each two records, as a square matrix. What two leaves have in common is found out once."""
    compared = _Compared()
    fields = [compared.fields(record) for record in records]
    matrix = [[1.0] * len(records) for _ in records]
    for row, mine in enumerate(fields):
        for column in range(row):
            matrix[row][column] = matrix[column][row] = compared.records(mine, fields[column])
    return matrix


class _Compared:
    """Comparisons that are kept: of canonical texts of leaves, whose values it remembers."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._pairs: dict[str, frozenset[str]] = {}
        self._leaves: dict[tuple[str, str], float] = {}

    def fields(self, record: Any) -> dict[str, str]:
        """Canonical texts of the leaves by their paths."""
        fields = {}
        for path, value in flatten(record).items():
            fields[path] = text = canonical(value)
            self._values[text] = value
        return fields

    def records(self, mine: dict[str, str], theirs: dict[str, str]) -> float:
        """The mean over the leaves of both, a shared one counted once."""
        shared = equal = 0
        partial = []
        for path, text in mine.items():
            other = theirs.get(path)
            if other is not None:
                shared += 1
                if other == text:
                    equal += 1
                else:
                    known = self._leaves.get((text, other))
                    partial.append(self._unequal(text, other) if known is None else known)
        return (equal + fsum(partial)) / (len(mine) + len(theirs) - shared)

    def _unequal(self, text: str, other: str) -> float:
        one, two = self._values[text], self._values[other]
        if isinstance(one, str) and isinstance(two, str):
            near = self._dice(one, two)
        elif isinstance(one, Number) and isinstance(two, Number) and bool not in (type(one), type(two)):
            near = nearness(one, two)
        else:
            near = 0.0
        self._leaves[text, other] = self._leaves[other, text] = near
        return near

    def _dice(self, one: str, other: str) -> float:
        mine, theirs = self._of(one), self._of(other)
        return 2 * len(mine & theirs) / (len(mine) + len(theirs))

    def _of(self, text: str) -> frozenset[str]:
        found = self._pairs.get(text)
        if found is None:
            found = self._pairs[text] = neighbours(text)
        return found


def nearness(one: Number, other: Number) -> float:
    """The smaller over the greater in size, 0 to 1, of unequal numbers; 0 where the signs differ or one is not finite."""
    if any(isinstance(number, float) and not isfinite(number) for number in (one, other)) or (one < 0) != (other < 0):
        return 0.0
    low, high = sorted((abs(one), abs(other)))
    try:
        return low / high
    except OverflowError:  # an integer beyond the floats, and a float
        return float(Fraction(low) / Fraction(high))


def neighbours(text: str) -> frozenset[str]:
    """Its pairs of neighbouring characters, the ends included; a pair that comes again is told from the first."""
    framed = f"\x02{text}\x03"
    pairs = [framed[place : place + 2] for place in range(len(framed) - 1)]
    found = set(pairs)
    if len(found) < len(pairs):
        seen: dict[str, int] = {}
        for pair in pairs:
            again = seen[pair] = seen.get(pair, 0) + 1
            if again > 1:
                found.add(f"{pair}{again}")
    return frozenset(found)
