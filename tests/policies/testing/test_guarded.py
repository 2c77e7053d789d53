"""A user's own selector in a run: whatever it does wrong is one message that names it, and falsifies nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from commissure.hal.errors import UsageError
from commissure.policies.custom.guarded import Guarded
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.selectors import build_selector, selector_names

Candidates = Sequence[Sample]


class Own(Selector):
    """Does as it is told."""

    def __init__(self, does: Callable[[Candidates, Question], Any]) -> None:
        self._does = does

    def select(self, candidates: Candidates, question: Question) -> Decision:
        """Whatever that is."""
        return self._does(candidates, question)  # type: ignore[no-any-return]


class Async(Selector):
    """Not allowed."""

    async def select(self, candidates: Candidates, question: Question) -> Decision:  # type: ignore[override]
        """Gives a coroutine."""
        return NO_DECISION


def stop(candidates: Candidates, question: Question) -> Decision:
    raise SystemExit(3)


def change_value(candidates: Candidates, question: Question) -> Decision:
    for one in candidates:
        if one.parsed:
            one.value.clear()
    return NO_DECISION


def change_schema(candidates: Candidates, question: Question) -> Decision:
    question.schema.pop("type", None)  # type: ignore[attr-defined]
    return NO_DECISION


WRONG = [
    (Own(lambda candidates, _: Decision(candidates[5].value, 5, 1.0)), "IndexError"),
    (Own(stop), "SystemExit: 3 (test_guarded.py, line"),
    (Own(lambda *_: None), "select gave None: it must return a commissure.Decision"),
    (Own(lambda *_: 0), "select gave 0"),
    (Own(lambda *_: Decision({1, 2}, 0, 1.0)), "no JSON"),
    (Own(lambda *_: Decision({}, 0, float("nan"))), "a confidence of nan: it must be from 0 to 1"),
    (Own(lambda *_: Decision({}, 0, "high")), "a confidence of 'high'"),  # type: ignore[arg-type]
    (Async(), "without async"),
    (Own(change_value), "has changed what it was given"),
    (Own(change_schema), "has changed what it was given"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("own", "said"), WRONG)
def test_a_wrong_selector_is_told_of_before_anything_runs(own: Selector, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        Guarded("mine.py:Mine", own).tried()
    assert said in str(refused.value)
    assert "mine.py:Mine" in str(refused.value)
    assert "commissure check mine.py:Mine" in str(refused.value)


@pytest.mark.parametrize("name", selector_names())
def test_ours_pass_and_decide_as_they_do_alone(name: str) -> None:
    candidates = [Sample("1", 1, True, 1, -1.0, verdict=0.4), Sample("{"), Sample("2", 2, True, 1, -0.5, verdict=0.6)]
    question, own = Question("1 and 2", {"type": "integer"}), build_selector(name)
    assert Guarded(name, own).tried().select(candidates, question) == own.select(candidates, question)
