"""The highest verdict is taken, and without verdicts the plurality."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selectors import plurality, verified

VERIFIED, PLURALITY = verified.build(), plurality.build()
QUESTION = Question("")
VERDICTS = st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


def said(*pairs: tuple[Any, float | None]) -> list[Sample]:
    return [Sample("", value, parsed=True, verdict=verdict) for value, verdict in pairs]


@pytest.mark.parametrize(
    ("candidates", "value", "index", "confidence"),
    [
        (said(("a", 0.9), ("b", 0.2), ("b", 0.2)), "a", 0, 0.9 / 3),
        (said(("a", 0.5), ("b", 0.5), ("b", 0.5)), "b", 1, 0.5 * 2 / 3),
        (said(("a", None), ("b", 0.4), ("c", 0.6)), "c", 2, 0.2),
        (said(("a", 0.4), ("b", None)), "b", 1, 0.25),
        (said(("a", None), ("b", None), ("b", None)), "b", 1, 2 / 3),
        (said(("a", float("nan")), ("b", 7.0), ("b", None)), "b", 1, 2 / 3),
        (said(("a", 0.2)), "a", 0, 0.2),
        (said((1, 0.0), (1.0, 1.0)), 1, 0, 0.5),
        ([Sample("{", verdict=1.0), *said(("a", 0.0))], "a", 1, 0.0),
    ],
)
def test_table(candidates: list[Sample], value: Any, index: int, confidence: float) -> None:
    decision = VERIFIED.select(candidates, QUESTION)
    assert decision == Decision(value, index, decision.confidence)
    assert decision.confidence == pytest.approx(confidence)


def test_nothing_to_choose_from() -> None:
    assert VERIFIED.select([Sample("{", verdict=1.0)], QUESTION) == VERIFIED.select([], QUESTION) == NO_DECISION


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), VERDICTS), max_size=8), st.randoms(use_true_random=False))
def test_no_told_value_has_a_higher_verdict_in_any_order(pairs: list[tuple[int, float | None]], dice: Any) -> None:
    by_value = dict(pairs)  # a value has one verdict, as `verify` gives it
    candidates = said(*((value, by_value[value]) for value, _ in pairs))
    decision = VERIFIED.select(candidates, QUESTION)
    if pairs:
        stands = {value: 0.5 if verdict is None else verdict for value, verdict in by_value.items()}
        best = [value for value, _ in pairs if stands[value] == max(stands.values())]
        assert best.count(decision.value) == max(map(best.count, best))
        assert 0 <= decision.confidence <= 1
    dice.shuffle(candidates)
    again = VERIFIED.select(candidates, QUESTION)
    assert (canonical(again.value), again.confidence) == (canonical(decision.value), decision.confidence)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=8))
def test_without_verdicts_it_is_the_plurality(values: list[int]) -> None:
    candidates = said(*((value, None) for value in values))
    assert VERIFIED.select(candidates, QUESTION) == PLURALITY.select(candidates, QUESTION)
