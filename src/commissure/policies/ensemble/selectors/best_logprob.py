"""The candidate that its model holds for the most probable: best of n by the sequence's log probability."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import count, first_saying, voters, weighted_voters


class BestLogprob(Selector):
    """Candidates without a log probability cannot be taken; without any that tells one there is no decision."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The most probable, ties broken as `count` breaks them.

        As sure as the share of probability, among the candidates that tell theirs, of those that say the same.
        """
        able, weights = weighted_voters(parsed := voters(candidates))
        if not able:
            return NO_DECISION
        highest = max(one.logprob for one in able if one.logprob is not None)
        won = count([one.text for one in able if one.logprob == highest])
        said = first_saying(parsed, won.text)
        share = fsum(weight for one, weight in zip(able, weights, strict=True) if one.text == won.text)
        return Decision(said.value, said.index, min(1.0, share))


def build() -> BestLogprob:
    """Has no settings."""
    return BestLogprob()
