"""Selectors that each break one promise, as a user's might."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from commissure.hal.errors import UsageError
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.selectors.plurality import Plurality


class First(Selector):
    """Sound, if it is said that order matters: others change it in one way."""

    ordered = True

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        for place, one in enumerate(candidates):
            if one.parsed:
                return Decision(one.value, place, 0.5)
        return NO_DECISION


class Raises(Selector):
    """Asks for the first that parses, and there may be none."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        value = next(one.value for one in candidates if one.parsed)
        return Decision(value, None, 1.0)


class Refuses(First):
    """Asks for log probabilities, which not all candidates have."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        if any(one.logprob is None for one in candidates):
            raise UsageError("an endpoint that tells log probabilities is needed")
        return super().select(candidates, question)


class Recursive(First):
    """Walks a value by two frames a level."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        for one in candidates:
            self._size(one.value)
        return super().select(candidates, question)

    def _size(self, value: Any) -> int:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        return 1 + sum(self._size(one) for one in parts)


class Unwrapped(Selector):
    """Gives the value, not a decision."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        return candidates[0].value if candidates else None  # type: ignore[return-value]


class Sets(First):
    """Decides on what no JSON can say."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        return Decision({"a"}, None, 0.5) if any(one.parsed for one in candidates) else NO_DECISION


class Percent(Plurality):
    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        return Decision(decision.value, decision.index, 100 * decision.confidence, decision.answered)


class NotANumber(Plurality):
    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        return Decision(decision.value, decision.index, float("nan"), decision.answered)


class CountsParsed(First):
    """Its index is a place among those that parse."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        return Decision(decision.value, 0, 0.5) if decision.answered else NO_DECISION


class Last(First):
    """Its index is of the last that says the value."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        parsed = [place for place, one in enumerate(candidates) if one.parsed]
        return Decision(candidates[parsed[-1]].value, parsed[-1], 0.5) if parsed else NO_DECISION


class Pythonic(First):
    """Takes True for 1, as Python does."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        last = super().select(candidates[::-1], question).value
        place = next((place for place, one in enumerate(candidates) if one.parsed and one.value == last), None)
        return NO_DECISION if place is None else Decision(last, place, 0.5)


class Insists(First):
    """Where nothing parses it answers with null."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        return decision if decision.answered else Decision(None, None, 0.0)


class Murmurs(First):
    """Does not answer, but gives a value."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        return decision if decision.answered else Decision("none", None, 0.0, answered=False)


class Rounds(First):
    """Tidies the value that all say."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        return Decision(str(decision.value), None, 0.5) if decision.answered else decision


class HearsAll(First):
    """What does not parse counts as null."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        unparsed = sum(not one.parsed for one in candidates)
        return Decision(None, None, 0.5) if decision.answered and unparsed > 1 else decision


class Sorts(First):
    """Puts the candidates in its own order, in place."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        candidates.reverse()  # type: ignore[attr-defined]
        return decision


class Drains(First):
    """Takes the candidates out of the list."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates, question)
        candidates.clear()  # type: ignore[attr-defined]
        return decision


class Completes(First):
    """Fills in what is missing, in the candidate's own value."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        for one in candidates:
            if isinstance(one.value, dict):
                one.value.setdefault("total", None)
        return super().select(candidates, question)


class TakesTurns(Selector):
    """Says the first, then the last, then the first again."""

    def __init__(self) -> None:
        self._number = count()

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        parsed = [one.value for one in candidates if one.parsed]
        return Decision(parsed[-(next(self._number) % 2)], None, 0.5) if parsed else NO_DECISION


class Remembers(Selector):
    """Counts the votes of all questions together."""

    ordered = True

    def __init__(self) -> None:
        self._votes: Counter[str] = Counter()
        self._asked: list[int] = []

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        texts = [json.dumps(one.value) for one in candidates if one.parsed]
        self._votes.update(texts)
        return Decision(json.loads(max(texts, key=self._votes.__getitem__)), None, 0.5) if texts else NO_DECISION


class Caches(First):
    """Keeps its answer by the source of the question."""

    def __init__(self) -> None:
        self._said: dict[str, Decision] = {}

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        if question.source not in self._said:
            self._said[question.source] = super().select(candidates, question)
        return self._said[question.source]


class ByIdentity(Caches):
    """Keeps its answer by the list that the candidates come in."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        return super().select(candidates, Question(str(id(candidates))))


class Born(First):
    """Every other one that is made takes the last."""

    _number = count()

    def __init__(self) -> None:
        self._step = 1 - 2 * (next(self._number) % 2)

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        decision = super().select(candidates[:: self._step], question)
        return Decision(decision.value, None, 0.5) if decision.answered else decision


class Hashes(Selector):
    """Breaks ties as a set does."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        texts = [one.text for one in candidates if one.parsed]
        return Decision(json.loads(max(set(texts), key=texts.count)), None, 0.5) if texts else NO_DECISION


class Early(First):
    """Takes the first, and does not say that order matters."""

    ordered = False


class Silent(Selector):
    """Abstains always."""

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        return NO_DECISION
