"""Every field as the candidates say it, weighted by their probabilities, put together to one record."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.ensemble.compose import Composed, compose
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import voters, weighted_voters


class WeightedFields(Selector):
    """As `weighted`, but for every leaf. No candidate need say the record whole; `compose` says how it is yet valid.

    A candidate without a log probability has no vote; without any that tells one there is no decision.
    """

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The record of the leaves that won; as sure as the least certain of them."""
        parsed = voters(candidates)
        able, weights = weighted_voters(parsed)
        return compose(able, question.schema, weights).decision(parsed) if able else NO_DECISION

    def fields(self, candidates: Sequence[Sample], question: Question) -> Composed | None:
        """The same with each leaf's share of the weight; None where there is no decision."""
        able, weights = weighted_voters(voters(candidates))
        return compose(able, question.schema, weights) if able else None


def build() -> WeightedFields:
    """Has no settings."""
    return WeightedFields()
