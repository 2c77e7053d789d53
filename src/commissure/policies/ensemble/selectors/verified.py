"""The answer that a model holds for right with the highest probability."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.tally import count, voters

UNTOLD = 0.5  # what a verifier would say that knows nothing


class Verified(Selector):
    """By `Sample.verdict`; the verdict of a value is the mean of those of the candidates that say it.

    A value without a verdict (None, or no probability) stands at 1/2: before those held for wrong, behind those held
    for right. Where no candidate has one, this is the plurality.
    """

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The value of the highest verdict; of equals the one with the most votes, further ties as `count` breaks them.

        As sure as the mean, over all parsed candidates, of the verdict where they say it and 0 where they do not: a
        lone candidate is worth its verdict, and a value that all say, too. Without any verdict, its share of the votes.
        """
        parsed = voters(candidates)
        if not parsed:
            return NO_DECISION
        told: dict[str, list[float]] = {}
        for one in parsed:
            verdict = candidates[one.index].verdict
            if verdict is not None and 0 <= verdict <= 1:
                told.setdefault(one.text, []).append(verdict)
        verdicts = {one.text: _mean(told[one.text]) if one.text in told else UNTOLD for one in parsed}
        highest = max(verdicts.values())
        tied = [one for one in parsed if verdicts[one.text] == highest]
        won = count([one.text for one in tied], [one.logprob for one in tied])
        winner = tied[won.places[0]]
        share = len(won.places) / len(parsed)
        return Decision(winner.value, winner.index, share * highest if told else share)


def _mean(values: list[float]) -> float:
    return min(1.0, fsum(values) / len(values))


def build() -> Verified:
    """Has no settings."""
    return Verified()
