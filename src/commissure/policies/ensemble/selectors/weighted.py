"""Votes for whole records, weighted by the candidates' probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import count, first_saying, voters, weighted_voters


class Weighted(Selector):
    """Each candidate weighs as the probability of its sequence, not divided by its length (the weighted sum of Wang et
    al., arXiv 2203.11171, table 1). One without a log probability has no vote; without any there is no decision."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The record of the greatest weight, ties broken as `count` breaks them; as sure as its share of the weight."""
        able, weights = weighted_voters(parsed := voters(candidates))
        if not able:
            return NO_DECISION
        won = count([one.text for one in able], [one.logprob for one in able], weights)
        said = first_saying(parsed, won.text)
        return Decision(said.value, said.index, won.share)


def build() -> Weighted:
    """Has no settings."""
    return Weighted()
