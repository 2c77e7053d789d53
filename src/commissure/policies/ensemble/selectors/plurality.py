"""The whole record that most candidates say: self-consistency (Wang et al. 2022, arXiv 2203.11171)."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import count, voters


class Plurality(Selector):
    """One vote each, for the whole record."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The one with the most votes, ties broken as `count` breaks them; as sure as its share of the parsed."""
        parsed = voters(candidates)
        if not parsed:
            return NO_DECISION
        won = count([one.text for one in parsed], [one.logprob for one in parsed])
        winner = parsed[won.places[0]]
        return Decision(winner.value, winner.index, won.share)


def build() -> Plurality:
    """Has no settings."""
    return Plurality()
