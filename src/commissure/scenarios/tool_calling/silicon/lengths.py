"""How long answers are, and how long the longest of several."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of answers in tokens: each of `values` is as likely as any other, so that a sample can be given as it is.

    Raises UsageError where there are none, or one below 1.
    """

    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if min(self.values, default=0) < 1:
            raise UsageError(f"lengths of answers are whole numbers from 1 on, at least one; not {self.values!r:.80}")

    @property
    def mean(self) -> float:
        """E[L]."""
        return sum(self.values) / len(self.values)

    @property
    def most(self) -> int:
        """The longest that there is."""
        return max(self.values)

    def beyond(self, tokens: int) -> float:
        """The share of answers with more than so many tokens."""
        return sum(value > tokens for value in self.values) / len(self.values)

    def longest(self, n: int) -> float:
        """E[max of n independent lengths] = the sum over t >= 0 of 1 - P(L <= t)^n."""
        return sum(1.0 - (1.0 - self.beyond(tokens)) ** n for tokens in range(self.most))

    def drawn(self, seed: int) -> int:
        """One of them, the same for the same seed."""
        return self.values[dice(f"length/{seed}").randrange(len(self.values))]


EQUAL = Lengths((60,))
SPREAD = Lengths(tuple(range(45, 76)))
"""A tool call of about 60 tokens, a quarter more or less (assumed): give the lengths that you measured."""
