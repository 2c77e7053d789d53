"""Majorities over easy and hard questions: where more votes help, and where they stop helping."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import Literal

from scipy.special import betainc

from commissure.hal.errors import UsageError

_SAME = 1e-12
Shape = Literal["up", "down", "up then down", "down then up", "flat"]


@dataclass(frozen=True, slots=True)
class EasyAndHard:
    """A share of easy questions, each vote right with p_easy > 1/2, and the others, right with p_hard < 1/2.

    Chen et al., Are More LM Calls All You Need? (arXiv 2403.02419). Raises UsageError for what is outside these.
    """

    easy: float
    p_easy: float
    p_hard: float

    def __post_init__(self) -> None:
        if not (0 < self.easy < 1 and 0.5 < self.p_easy < 1 and 0 < self.p_hard < 0.5):
            raise UsageError(
                f"{self}: the share of easy questions is within 0..1, p_easy within 1/2..1, p_hard within 0..1/2, "
                "ends excluded; for one kind of question use majority(n, p)."
            )

    def accuracy(self, votes: int) -> float:
        """F(K) = a I_p1((K+1)/2, (K+1)/2) + (1-a) I_p2(same), for an odd number of votes. Raises UsageError."""
        if votes < 1 or votes % 2 == 0:
            raise UsageError(f"{votes} votes: an odd number from 1 is needed, {max(1, votes) | 1} is the next.")
        half = (votes + 1) / 2
        return float(self.easy * betainc(half, half, self.p_easy) + (1 - self.easy) * betainc(half, half, self.p_hard))

    @property
    def t(self) -> float:
        """Of the first step, from 1 vote to 3: it gains where the share of easy questions is above 1 - 1/t."""
        p1, p2 = self.p_easy, self.p_hard
        return 1 + p2 * (1 - p2) * (0.5 - p2) / (p1 * (1 - p1) * (p1 - 0.5))

    @property
    def shape(self) -> Shape:
        """Of F over odd K. The step from K = 2m + 1 to K + 2 has the sign of
        a (2 p1 - 1) (p1 q1)^(m+1) - (1-a) (1 - 2 p2) (p2 q2)^(m+1), so it changes sign once at most:
        what fades last is the easy questions' part where p1 + p2 < 1, the hard questions' where p1 + p2 > 1.
        """
        first, turn = self._log_gain, self._turn
        if turn is None:
            return "flat" if abs(first) < _SAME else "up" if first > 0 else "down"
        hard_lasts = self.p_easy + self.p_hard > 1
        if turn <= 1:  # the sign has changed before the first step, or just there
            return "down" if hard_lasts else "up"
        return "up then down" if hard_lasts else "down then up"

    @property
    def turning_point(self) -> int | None:
        """The odd K at which F is largest (up then down) or least (down then up); None where it has no such turn.

        m + 1 = ln[a (2 p1 - 1) / ((1-a) (1 - 2 p2))] / ln[p2 q2 / (p1 q1)] is where a step would gain nothing.
        """
        turn = self._turn
        return None if turn is None or turn <= 1 else 2 * ceil(turn) - 1

    @property
    def _log_gain(self) -> float:
        return log(self.easy * (2 * self.p_easy - 1) / ((1 - self.easy) * (1 - 2 * self.p_hard)))

    @property
    def _turn(self) -> float | None:
        if abs(self.p_easy + self.p_hard - 1) < _SAME:
            return None
        p1, p2 = self.p_easy, self.p_hard
        return self._log_gain / log(p2 * (1 - p2) / (p1 * (1 - p1)))
