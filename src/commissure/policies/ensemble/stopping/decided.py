"""Candidates until the vote cannot change: the full vote's winner, for fewer of them and more rounds."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.ensemble.race import Race
from commissure.policies.ensemble.sample import Sample
from commissure.policies.ensemble.selector import Stopping


class Decided(Stopping):
    """Stops when the lead of the first value over the second is more than what is left.

    The plurality of whole records is then that of all `most` candidates, ties included, as a tie cannot come about any
    more. Other selectors may say otherwise than with all of them.
    """

    def more(self, candidates: Sequence[Sample], most: int) -> int:
        """The fewest that could decide it. At first, more than half; no round is made that could not be the last."""
        return Race.of(candidates, most).fewest_to_decide


def build() -> Decided:
    """Has no settings."""
    return Decided()
