"""Candidates until they agree: adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860)."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from commissure.hal.errors import UsageError
from commissure.policies.ensemble.race import Race
from commissure.policies.ensemble.sample import Sample
from commissure.policies.ensemble.selector import Stopping

THRESHOLD = 0.95  # the paper's


class Agreement(Stopping):
    """Stops when the leading value is the likelier of the first two with more than `threshold` of the probability.

    With v1 and v2 votes for them that is P(p > 1/2) under Beta(v1 + 1, v2 + 1), the paper's stand-in for the Dirichlet
    posterior over all values. It stops too where the rest cannot change the vote. Raises UsageError for a threshold
    outside 1/2 to 1.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        if not 0.5 <= threshold < 1:
            raise UsageError(f"the threshold of agreement is a probability from 0.5 to below 1, not {threshold}")
        self._threshold = threshold

    def more(self, candidates: Sequence[Sample], most: int) -> int:
        """The fewest that could end it, were they all for the leader: 4 at first by the paper's threshold, 3 by 0.9."""
        race = Race.of(candidates, most)
        for more in range(race.fewest_to_decide):
            if posterior(race.first + more, race.second) > self._threshold:
                return more
        return race.fewest_to_decide


def posterior(first: int, second: int) -> float:
    """P(p > 1/2) under Beta(first + 1, second + 1), of votes from 0 on.

    Of whole numbers it is P(Binomial(first + second + 1, 1/2) <= first), exact (Abramowitz and Stegun 26.5.24).
    """
    trials = first + second + 1
    return sum(comb(trials, one) for one in range(first + 1)) / (1 << trials)


def build() -> Agreement:
    """By the paper's threshold."""
    return Agreement()
