"""Every field as most candidates say it, put together to one record."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.ensemble.compose import Composed, compose
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import voters


class PerField(Selector):
    """One vote each, for every leaf. No candidate need say the record whole; `compose` says how it is yet valid."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The record of the leaves that won; as sure as the least certain of them."""
        parsed = voters(candidates)
        return compose(parsed, question.schema).decision(parsed) if parsed else NO_DECISION

    def fields(self, candidates: Sequence[Sample], question: Question) -> Composed | None:
        """The same with each leaf's share of the parsed candidates; None where none is parsed."""
        parsed = voters(candidates)
        return compose(parsed, question.schema) if parsed else None


def build() -> PerField:
    """Has no settings."""
    return PerField()
