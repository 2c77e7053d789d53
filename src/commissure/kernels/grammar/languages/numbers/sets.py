"""Sets of numbers, exact, as languages of their spellings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from commissure.kernels.grammar.languages.boolean import intersection, minus, union
from commissure.kernels.grammar.languages.dfa import Dfa, words
from commissure.kernels.grammar.languages.minimal import minimised
from commissure.kernels.grammar.languages.numbers.listed import listed
from commissure.kernels.grammar.languages.numbers.multiples import multiples
from commissure.kernels.grammar.languages.numbers.order import compared
from commissure.kernels.grammar.languages.numbers.spelling import (
    ONE_DIGIT,
    PLAIN,
    SHORTEST,
    SIGNED,
    UNSIGNED,
    ZERO,
    exponential,
    shortest,
    shrunk,
)

POSITIVE = compared(Decimal(0), frozenset({1}))
NEGATIVE = compared(Decimal(0), frozenset({-1}))
ZEROS = compared(Decimal(0), frozenset({0}))
WITHIN_ONE = intersection(compared(Decimal(-1), frozenset({1})), compared(Decimal(1), frozenset({-1})))


@dataclass(frozen=True, slots=True)
class Numbers:
    """A set of numbers with finitely many decimal digits.

    `plain` accepts every spelling without an exponent of every member, and nothing else: 1, 1.0 and 1.00 are all in or
    all out, as are 0 and -0. Every such number has a plain spelling, so `plain` says all of the set.
    """

    plain: Dfa

    def __and__(self, other: Numbers) -> Numbers:
        return Numbers(intersection(self.plain, other.plain))

    def __or__(self, other: Numbers) -> Numbers:
        return Numbers(union(self.plain, other.plain))

    def __sub__(self, other: Numbers) -> Numbers:
        return Numbers(minus(self.plain, other.plain))

    def __invert__(self) -> Numbers:
        return Numbers(minus(PLAIN, self.plain))

    @property
    def empty(self) -> bool:
        """Whether there is no member."""
        return self.plain.empty

    def contains(self, number: Decimal) -> bool:
        """Whether the number is a member. Raises PatternError for one that is too long, see `spelling.digits`."""
        return self.plain.accepts(shortest(number).encode())

    def finite(self, most: int) -> tuple[Decimal, ...] | None:
        """The members, ascending, or None if there are more than `most`."""
        found = words(intersection(self.plain, SHORTEST), most)
        return None if found is None else tuple(sorted(Decimal(bytes(word).decode()) for word in found))

    def dfa(self, *, every_spelling: bool = False) -> Dfa:
        """The minimal automaton, over bytes, of spellings of the members; each member has one.

        An exponent may stand where it cannot lead out of the set. After numbers of a sign all of whose numbers are
        members it may be any. If of a sign all numbers nearer to 0 than 1 are members, as in most ranges, one below 0
        may follow one digit and its fraction. To tell which others fit takes more than an automaton, or a large one.

        Left out, unless every spelling is asked for, is what leads a writer astray: zeros without end where nothing
        but zeros may follow (so integers end in at most one `.0`), -0 where no number below 0 is a member, and those
        exponents below 0, since a first digit that is too large for the range would have to go on as 7e-1.
        """
        plain = self.plain
        more = _exponential(plain, every_spelling)
        if not every_spelling:
            if intersection(plain, NEGATIVE).empty:
                plain = intersection(plain, UNSIGNED)
            plain = _ended(plain)
        for spellings in more:
            plain = union(plain, spellings)
        return plain


def _exponential(plain: Dfa, small: bool) -> list[Dfa]:
    """Spellings with an exponent all of which are members, sign by sign; of numbers within 1 only if `small` is set."""
    found: list[Dfa] = []
    for sign, side in ((UNSIGNED, POSITIVE), (SIGNED, NEGATIVE)):
        if minus(side, plain).empty:
            found.append(exponential(intersection(sign, plain)))
        elif small and minus(intersection(side, WITHIN_ONE), plain).empty:
            mantissas = intersection(sign, ONE_DIGIT)
            found.append(shrunk(mantissas if plain.accepts(b"0") else minus(mantissas, ZEROS)))
    return found


def _ended(plain: Dfa) -> Dfa:
    """Without the loop of the state after which nothing but zeros may follow."""
    for state in plain.accepting:
        if plain.edges[state] == ((ZERO, ZERO, state),):
            return minimised(Dfa((*plain.edges[:state], (), *plain.edges[state + 1 :]), plain.accepting))
    return plain


def any_number() -> Numbers:
    """All of them."""
    return Numbers(PLAIN)


def integers() -> Numbers:
    """Numbers whose fraction is zero: 1.0 is an integer (JSON Schema 2020-12, core 6.1.1)."""
    return multiple_of(Decimal(1))


def at_least(bound: Decimal, *, strict: bool = False) -> Numbers:
    """Numbers >= the bound, or > if strict. Raises PatternError for a bound of too many digits."""
    return Numbers(compared(bound, frozenset({1} if strict else {0, 1})))


def at_most(bound: Decimal, *, strict: bool = False) -> Numbers:
    """Numbers <= the bound, or < if strict. Raises PatternError for a bound of too many digits."""
    return Numbers(compared(bound, frozenset({-1} if strict else {-1, 0})))


def multiple_of(divisor: Decimal) -> Numbers:
    """Whole multiples of a number above 0. Raises PatternError if they take too many states."""
    return Numbers(multiples(divisor))


def exactly(members: Iterable[Decimal]) -> Numbers:
    """The numbers named. Raises PatternError for one of too many digits."""
    return Numbers(listed(members))
