"""Multiples of a decimal number."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.dfa import Dfa
from commissure.kernels.grammar.languages.numbers.spelling import MINUS, POINT, STATES, ZERO, digits, explored

State = tuple[str, int, int]
"""A part (start, sign, zero, whole, point, fraction), digits of the fraction, the remainder."""


def multiples(divisor: Decimal) -> Dfa:
    """Plain spellings of whole multiples of the divisor, which must be above 0.

    With divisor = p / 10^q, x is a multiple if x 10^q mod p = 0: the remainder of the digits so far is carried along,
    and after q digits of a fraction only zeros may follow. Raises PatternError if that takes too many states.
    """
    whole, fraction = digits(divisor)
    if divisor <= 0:
        raise PatternError(f"multiples of {divisor}: the divisor must be above 0")
    rest = Remainders(int(whole + fraction))
    scale = len(fraction)

    def steps(at: State) -> Iterator[tuple[int, int, State]]:
        part, place, remainder = at
        if part == "start":
            yield MINUS, MINUS, ("sign", 0, 0)
        if part in ("zero", "whole"):
            yield POINT, POINT, ("point", 0, remainder)
        if part == "zero" or (part in ("point", "fraction") and place == scale and remainder):
            return
        for digit in range(10):
            if part in ("point", "fraction"):
                if place == scale and digit:
                    return
                to = ("fraction", min(place + 1, scale), rest.after(remainder, digit))
            else:
                to = ("whole" if digit or part == "whole" else "zero", 0, rest.after(remainder, digit))
            yield ZERO + digit, ZERO + digit, to

    def accepting(at: State) -> bool:
        part, place, remainder = at
        return part in ("zero", "whole", "fraction") and remainder * 10 ** (scale - place) % rest.divisor == 0

    return explored(("start", 0, 0), steps, accepting)


class Remainders:
    """Remainders of decimal numbers, read digit by digit, of which those that no further digits tell apart are one.

    Remainder r becomes divisible by k more digits if they spell (-10^k r) mod p, where that has no more than k digits.
    So remainders are alike if these agree for all k; beyond the length of p they follow from the one before.
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        self._powers = [10**length for length in range(len(str(divisor)) + 1)]
        self._same: dict[tuple[int, ...], int] = {}
        self._known: dict[int, int] = {}
        # Remainders of the part of the divisor that is prime to 10 always differ.
        prime = divisor
        for factor in (2, 5):
            while prime % factor == 0:
                prime //= factor
        if prime > STATES:
            raise PatternError(f"multiples of a number with {divisor:,} in it: more than {STATES:,} states")

    def after(self, remainder: int, digit: int) -> int:
        """The remainder when one more digit follows."""
        found = (10 * remainder + digit) % self.divisor
        known = self._known.get(found)
        if known is None:
            known = self._known[found] = self._same.setdefault(self._told(found), found)
        return known

    def _told(self, remainder: int) -> tuple[int, ...]:
        told: list[int] = []
        for power in self._powers:
            missing = -remainder % self.divisor
            told.append(missing if missing < power else -1)
            remainder = remainder * 10 % self.divisor
        return tuple(told)
