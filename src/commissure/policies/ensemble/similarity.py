"""How like two JSON records are, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import fsum, inf
from operator import add
from typing import Any

from commissure.policies.ensemble.leaves import canonical, flatten

Number = int | float
_NUMBERS = (int, float)  # and no booleans


def similarity(one: Any, other: Any) -> float:
    """From 0 to 1, and 1 for equal records; symmetric, and blind to the order of an object's keys.

    The mean over all leaves that either record has (`flatten`): 1 for an equal leaf, 0 for one that only one has.
    Unequal numbers of one sign count the smaller over the greater; unequal strings Dice's coefficient of their pairs of
    neighbouring characters (Dice 1945; Adamson and Boreham 1974); all else 0. An array is compared place by place.
    """
    return likeness(one, [other])[0]


def similarities(records: Sequence[Any]) -> list[list[float]]:
    """The similarity of each two records, as a square matrix. What two leaves have in common is found out once."""
    compared = _Compared()
    fields = [compared.fields(record) for record in records]
    alike = set.intersection(*(set(one.items()) for one in fields)) if fields else set()
    for path, _ in alike:  # most fields of real candidates: each two records share these
        for one in fields:
            del one[path]
    matrix = [[1.0] * len(records) for _ in records]
    for row, mine in enumerate(fields):
        for column in range(row):
            matrix[row][column] = matrix[column][row] = compared.records(mine, fields[column], len(alike))
    return matrix


def likeness(record: Any, others: Iterable[Any]) -> list[float]:
    """The similarity of one record to each of the others."""
    compared = _Compared()
    mine = compared.fields(record)
    return [compared.records(mine, compared.fields(other)) for other in others]


class _Compared:
    """Comparisons that are kept: of canonical texts of leaves, whose values it remembers."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._pairs: dict[str, set[str]] = {}
        self._leaves: dict[tuple[str, str], float] = {}

    def fields(self, record: Any) -> dict[str, str]:
        """Canonical texts of the leaves by their paths."""
        fields = {}
        for path, value in flatten(record).items():
            fields[path] = text = canonical(value)
            self._values[text] = value
        return fields

    def records(self, mine: dict[str, str], theirs: dict[str, str], alike: int = 0) -> float:
        """The mean over the leaves of both, a shared one counted once, and so many more that are equal."""
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
        return (alike + equal + fsum(partial)) / (alike + len(mine) + len(theirs) - shared)

    def _unequal(self, text: str, other: str) -> float:
        one, two = self._values[text], self._values[other]
        if type(one) is str and type(two) is str:
            mine, theirs = self._of(one), self._of(two)
            near = 2 * len(mine & theirs) / (len(mine) + len(theirs))  # Dice's coefficient
        else:
            near = nearness(one, two) if type(one) in _NUMBERS and type(two) in _NUMBERS else 0.0
        self._leaves[text, other] = self._leaves[other, text] = near
        return near

    def _of(self, text: str) -> set[str]:
        found = self._pairs.get(text)
        if found is None:
            found = self._pairs[text] = neighbours(text)
        return found


def nearness(one: Number, other: Number) -> float:
    """Of unequal numbers the smaller over the greater in size; 0 where the signs differ or one is not finite."""
    if (one < 0) != (other < 0):
        return 0.0
    low, high = sorted((abs(one), abs(other)))
    try:
        near = low / high
    except OverflowError:  # an integer beyond the floats, beside a float
        near = 0.0 if high == inf else float(Fraction(low) / Fraction(high))
    return near if near == near else 0.0


def neighbours(text: str) -> set[str]:
    """Its pairs of neighbouring characters, the ends included; a pair that comes again is told from the first."""
    framed = f"\x02{text}\x03"
    found = set(map(add, framed, framed[1:]))
    if len(found) <= len(text):
        times = Counter(map(add, framed, framed[1:])).items()
        found.update(f"{pair}{again}" for pair, many in times if many > 1 for again in range(1, many))
    return found
