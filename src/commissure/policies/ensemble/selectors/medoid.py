"""The candidate that is likest to all: minimum Bayes risk under the similarity of records."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.similarity import similarities
from commissure.policies.ensemble.tally import count, voters


class Medoid(Selector):
    """Takes each candidate for the truth in turn (Kumar and Byrne 2004). Were unequal records all unlike, it would be
    the plurality, with the plurality's confidence."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The one of greatest mean similarity to all parsed candidates, itself included; as sure as that mean.

        Itself included, the order of the candidates' means is that of their means to the others. Ties go as in `count`.
        """
        parsed = voters(candidates)
        if not parsed:
            return NO_DECISION
        distinct = {one.text: one.value for one in parsed}
        texts = [one.text for one in parsed]
        votes = [texts.count(text) for text in distinct]
        means = {
            text: fsum(times * one for times, one in zip(votes, row, strict=True)) / len(parsed)
            for text, row in zip(distinct, similarities(list(distinct.values())), strict=True)
        }
        most = max(means.values())
        tied = [one for one in parsed if means[one.text] == most]
        winner = tied[count([one.text for one in tied], [one.logprob for one in tied]).places[0]]
        return Decision(winner.value, winner.index, min(1.0, most))


def build() -> Medoid:
    """Has no settings."""
    return Medoid()
