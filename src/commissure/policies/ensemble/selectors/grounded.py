"""Votes on every field, of which those have none that the source or the schema refutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from commissure.policies.ensemble.compose import compose
from commissure.policies.ensemble.grounding.finding import Grounding, Standing
from commissure.policies.ensemble.grounding.ground import Grounds
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import Voter, count, voters

DEMOTED: Final = 0.5
"""The vote of a record that contradicts itself: of its amounts or dates at least one is wrong, but hardly all."""


class Grounded(Selector):
    """As PerField, but a refuted value has no vote on its field unless all are, and a record that contradicts itself
    has half a vote on each. What is refuted, `ground` says."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The record of the leaves that won; or, if it contradicts itself, a candidate that does not, if any.

        As sure as its least certain field. The refuted count as votes for something else: that many candidates had to
        be refuted speaks against the rest too.
        """
        parsed = voters(candidates)
        if not parsed:
            return NO_DECISION
        grounds = Grounds(question)
        found = {one.text: grounds.of(one.value) for one in parsed}

        def refuted(path: str, value: Any) -> bool:
            return grounds.leaf(path, value).standing is Standing.REFUTED

        weights = [DEMOTED if _contradicts(found[one.text]) else 1.0 for one in parsed]
        composed = compose(parsed, question.schema, weights if len(set(weights)) > 1 else None, refuted)
        if min(weights) < max(weights) and _contradicts(grounds.of(composed.value)):
            return _best_whole(parsed, found)
        return composed.decision(parsed)


def _contradicts(found: Grounding) -> bool:
    return found.whole.standing is Standing.REFUTED


def _best_whole(parsed: Sequence[Voter], found: Mapping[str, Grounding]) -> Decision:
    """Of the records that do not contradict themselves the one with the fewest refuted fields, by votes."""
    agreeing = [one for one in parsed if not _contradicts(found[one.text])]
    fewest = min(found[one.text].refuted_fields for one in agreeing)
    able = [one for one in agreeing if found[one.text].refuted_fields == fewest]
    won = count([one.text for one in able], [one.logprob for one in able])
    winner = able[won.places[0]]
    return Decision(winner.value, winner.index, len(won.places) / len(parsed))


def build() -> Grounded:
    """Has no settings."""
    return Grounded()
