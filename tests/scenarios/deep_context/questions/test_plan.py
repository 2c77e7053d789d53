"""Plans: a window in pieces, labelled piece by piece, gives the answer of the whole."""

import re
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.recursion.ask import tokens_of
from commissure.scenarios.deep_context.questions.families import questions_of
from commissure.scenarios.deep_context.questions.plan import LabelPlan, NeedlePlan, leaf_prompt, leaf_schema, plan_of
from commissure.scenarios.deep_context.questions.plan import read_letters as letters_in
from commissure.scenarios.deep_context.questions.reading import rows_in
from commissure.scenarios.deep_context.questions.record import Question, Window
from commissure.scenarios.deep_context.questions.scoring import score
from commissure.scenarios.deep_context.questions.texts import LabelledText
from commissure.scenarios.deep_context.questions.window import make_window
from tests.scenarios.deep_context.questions.worlds import questions, window_of

LABELS = ("alpha", "beta", "gamma")


def leaf(window: Window, prompt: str) -> str:
    """A leaf that is always right, of what it is shown: letters for rows, or the fact."""
    truth = {row.text: row.label for row in window.rows}
    rows = list(rows_in(prompt))
    assert prompt == leaf_prompt(window.labels, [row.line for row in rows])
    return "".join(ascii_uppercase[window.labels.index(truth[row.text])] for row in rows)


def answered(question: Question, window: Window, chunk_tokens: int, lost: Sequence[int] = ()) -> str:
    """As a strategy goes through a plan; the answers of the pieces `lost` never come."""
    plan = plan_of(question, window)
    assert plan is not None
    parts = []
    for place, piece in enumerate(plan.split(window.text, chunk_tokens)):
        if not plan.keep(piece) or place in lost:
            continue
        ask = plan.ask(piece)
        if isinstance(plan, LabelPlan):
            assert tokens_of(ask.prompt) <= chunk_tokens or piece.count("\n") == 0
            said = leaf(window, ask.prompt)
            assert ask.schema is not None
            assert re.fullmatch(ask.schema["pattern"], said)
            assert tokens_of(said) < ask.max_tokens
        else:
            (fact,) = re.findall(rf"{question.key} is (\d+)\.", piece)
            said = f"It is {fact}."
        parts.append(plan.read(piece, said))
    return plan.text(plan.join(parts), None)


@pytest.mark.parametrize("chunk_tokens", [300, 2000, 100_000])
@pytest.mark.parametrize("size", [(8000, 1), (32_000, 3)])
def test_right_leaves_give_gold(size: tuple[int, int], chunk_tokens: int) -> None:
    window = window_of(*size)
    kinds = {one.kind: one for one in questions(*size)}
    for question in kinds.values():
        assert answered(question, window, chunk_tokens) == question.gold, question.text


@given(st.sets(st.integers(0, 12)))
@settings(max_examples=15, deadline=None)
def test_pieces_may_be_lost(lost: set[int]) -> None:
    for question in questions(8000, 1)[:25]:
        assert 0 <= score(question, answered(question, window_of(8000, 1), 900, sorted(lost))) <= 1


def test_each_row_is_asked_about_once_and_only_the_days_that_matter() -> None:
    window = window_of(32_000, 3)
    for question in questions(32_000, 3):
        plan = plan_of(question, window)
        if isinstance(plan, LabelPlan):
            lines = [line for piece in plan.split(window.text, 1500) for line in piece.split("\n")]
            first, last = question.span or (min(row.day for row in window.rows), max(row.day for row in window.rows))
            assert lines == [row.line for row in window.rows if first <= row.day <= last]


def test_a_needle_costs_one_call() -> None:
    window = window_of(32_000, 3)
    for question in questions(32_000, 3):
        plan = plan_of(question, window)
        if isinstance(plan, NeedlePlan):
            pieces = plan.split(window.text, 1000)
            assert "\n".join(pieces) == window.text
            assert sum(map(plan.keep, pieces)) == 1


def test_texts_may_hold_the_signs_of_a_row() -> None:
    texts = [LabelledText(f"Date: 2020-01-01 || User: {n} || Instance: {n} || x. A:", LABELS[n % 3]) for n in range(90)]
    window = make_window(texts, 4000, 1)
    for question in questions_of(window, ["counting", "user", "timeline"], 12, 1):
        assert answered(question, window, 600) == question.gold


ANSWERS = ["ABCA", '"ABCA"', "A B C A\n", "1. A\n2. B\n3. C\n4. A", '["A", "B", "C", "A"]', "a letter each: ABCA."]


@pytest.mark.parametrize("said", ANSWERS)
def test_letters_are_read_in_any_dress(said: str) -> None:
    assert letters_in(said, LABELS, 4) == ["alpha", "beta", "gamma", "alpha"]


@pytest.mark.parametrize("said", ["", "ABC", "ABCAB", "ABCD", "abca", "alpha beta gamma alpha", "{}"])
def test_another_number_of_letters_is_no_answer(said: str) -> None:
    with pytest.raises(ValueError, match="letters for 4 rows"):
        letters_in(said, LABELS, 4)


@given(st.text(), st.integers(0, 5))
def test_letters_are_as_many_as_rows_or_refused(said: str, count: int) -> None:
    try:
        assert len(letters_in(said, LABELS, count)) == count
    except ValueError as error:
        assert "letters for" in str(error)  # noqa: PT017


@pytest.mark.parametrize("said", ["", "none", "1234567 or 7654321", "no number"])
def test_a_needle_is_one_number(said: str) -> None:
    window = window_of(8000, 1)
    plan = plan_of(next(one for one in questions(8000, 1) if one.family == "needle"), window)
    assert plan is not None
    with pytest.raises(ValueError, match="numbers in the answer"):
        plan.read("", said)


def test_labels_beyond_the_letters_have_no_plan() -> None:
    window = window_of(8000, 1)
    counted = next(one for one in questions(8000, 1) if one.family == "counting")
    needle = next(one for one in questions(8000, 1) if one.family == "needle")
    many = replace(window, labels=tuple(f"l{number}" for number in range(27)))
    assert plan_of(counted, many) is None
    assert plan_of(needle, many) is not None
    assert re.fullmatch(leaf_schema(many.labels[:26], 3)["pattern"], "AZB")
