"""The score of what was said: as OOLONG scores it, for any text."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.scenarios.deep_context.questions.record import AnswerKind, Question
from commissure.scenarios.deep_context.questions.scoring import score
from tests.scenarios.deep_context.questions.worlds import questions

SIZES = [(8000, 1), (32_000, 3)]


def question(answer_kind: AnswerKind, gold: str) -> Question:
    return replace(questions(8000, 1)[0], answer_kind=answer_kind, gold=gold)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "form", ["{}", "Answer: {}", "I have counted.\n\n**Answer: {}**", "Label: [{}].", "'{}'", '"{}"\n']
)
def test_gold_scores_one(size: tuple[int, int], form: str) -> None:
    for one in questions(*size):
        if one.answer_kind != "PAIRS" or form in ("{}", "Answer: {}", '"{}"\n'):
            assert score(one, form.format(one.gold)) == 1.0, form.format(one.gold)[-80:]


# What is to come of an answer, by kind and gold.
CASES: list[tuple[AnswerKind, str, str, float]] = [
    ("NUMERIC", "12", "Answer: 12.", 1.0),
    ("NUMERIC", "12", "Answer: 12.0", 1.0),
    ("NUMERIC", "1234", "Answer: 1,234", 1.0),
    ("NUMERIC", "12", "Answer: 13", 0.75),
    ("NUMERIC", "12", "Answer: 10", 0.75**2),
    ("NUMERIC", "5", "Answer: 12.5", 0.0),
    ("NUMERIC", "12", "12 or 13", 0.0),
    ("NUMERIC", "12", "twelve", 0.0),
    ("NUMERIC", "12", "So it is \\boxed{12}", 1.0),
    ("NUMERIC", "12", "**Answer: [12]**", 1.0),
    ("NUMERIC", "12", "9" * 40, 0.0),
    ("NUMERIC", "0", "-1", 0.75),
    ("LABEL", "location", "Label: Location.", 1.0),
    ("LABEL", "location", "\\boxed{\\text{location}}", 1.0),
    ("LABEL", "location", "The most common of the labels is location.", 1.0),
    ("LABEL", "location", "Label: human or location", 0.0),
    ("LABEL", "location", "location, I think", 0.0),
    ("LABEL", "human", "inhuman", 0.0),
    ("LABEL", "a: b", "Label: a: b", 1.0),
    ("LABEL", "a: b", "Label: b", 0.0),
    ("COMPARISON", "more common", "Answer: 'human' is more common than 'entity'", 1.0),
    ("COMPARISON", "more common", "Answer: more common or less common", 0.0),
    ("COMPARISON", "same frequency", "answer: SAME FREQUENCY", 1.0),
    ("MONTH_YEAR", "2021-04", "Month: 2021-04", 1.0),
    ("MONTH_YEAR", "2021-04", "Month: 2021-4", 0.0),
    ("USER", "12345", "User: 12345", 1.0),
    ("USER", "12345", "User: 1234", 0.0),
    ("FACT", "1234567", "Answer: 1234567", 1.0),
    ("FACT", "1234567", "Answer: 1234568", 0.0),
    ("PAIRS", "11111, 22222\n11111, 33333", "(22222, 11111), (11111; 33333)", 1.0),
    ("PAIRS", "11111, 22222\n11111, 33333", "11111, 22222", 2 / 3),
    ("PAIRS", "11111, 22222\n11111, 33333", "11111, 22222\n22222, 33333", 0.5),
    ("PAIRS", "11111, 22222", "User 11111, User 22222", 1.0),
    ("PAIRS", "11111, 22222", "1. 11111, 22222\n2. 22222, 11111", 1.0),
    ("PAIRS", "11111, 22222", "none", 0.0),
]


@pytest.mark.parametrize(("kind", "gold", "said", "expected"), CASES)
def test_answers_in_other_words(kind: AnswerKind, gold: str, said: str, expected: float) -> None:
    assert score(question(kind, gold), said) == pytest.approx(expected)


PIECES = st.sampled_from(
    ["Answer:", ":", "\\boxed{", "}", "12", ".", ",", "-", "\n", "*", "[", "]", "human", "²", "٣", " "]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)), st.integers(0, 59))
@settings(max_examples=150, deadline=None)
def test_no_text_is_a_crash(said: str, place: int) -> None:
    assert 0.0 <= score(questions(8000, 1)[place], said) <= 1.0


@given(st.integers(0, 500), st.integers(0, 500))
def test_numbers_score_by_distance(gold: int, said: int) -> None:
    assert score(question("NUMERIC", str(gold)), f"Answer: {said}") == pytest.approx(0.75 ** abs(gold - said))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("said", ["7", "a", ":", "\\boxed{", "1,", "\n", "12 ", "{", " "])
def test_an_endless_answer_is_scored_at_once(said: str) -> None:
    """Models loop: a quadratic search would stand still here."""
    for kind, gold in (("NUMERIC", "12"), ("PAIRS", "1, 2"), ("LABEL", "human"), ("COMPARISON", "more common")):
        assert score(question(kind, gold), said * 200_000) < 1  # type: ignore[arg-type]
