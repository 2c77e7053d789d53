"""The first candidate that parses: what one sample alone would say."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import voters


class First(Selector):
    """The one selector whose answer hangs on the order of the candidates."""

    ordered = True

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The first one; as sure as the share of parsed candidates that say the same."""
        parsed = voters(candidates)
        if not parsed:
            return NO_DECISION
        first = parsed[0]
        return Decision(first.value, first.index, sum(one.text == first.text for one in parsed) / len(parsed))


def build() -> First:
    """Has no settings."""
    return First()
