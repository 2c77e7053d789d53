"""Questions: their answers, found again from their words, in the sandbox and from rows in any order."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError
from commissure.policies.recursion.sandbox.interpreter import Ended
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from commissure.scenarios.deep_context.questions.check import check
from commissure.scenarios.deep_context.questions.families import family_names, kinds_of, questions_of
from commissure.scenarios.deep_context.questions.texts import LabelledText
from commissure.scenarios.deep_context.questions.window import make_window
from tests.scenarios.deep_context.questions.oracle import told
from tests.scenarios.deep_context.questions.worlds import own_texts, questions, trec, window_of

SIZES = [(1200, 4), (8000, 1), (8000, 2), (32_000, 3)]


@pytest.mark.parametrize(("tokens", "seed"), SIZES)
def test_answers_are_those_of_the_words(tokens: int, seed: int) -> None:
    window = window_of(tokens, seed)
    for question in questions(tokens, seed):
        assert question.gold == told(question, window), question.text


def test_every_kind_is_asked_and_all_in_turn() -> None:
    asked = Counter((one.family, one.kind) for size in SIZES for one in questions(*size))
    assert set(asked) == {(family, kind.name) for family in family_names() for kind in kinds_of(family)}
    for size in SIZES[1:]:
        families = Counter(one.family for one in questions(*size))
        assert max(families.values()) - min(families.values()) <= 1
        assert len({one.id for one in questions(*size)}) == len({one.text for one in questions(*size)}) == 60


@given(st.integers(0, 10**9), st.sampled_from([(8000, 1), (8000, 2)]))
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_rows_is_no_matter(shuffle: int, size: tuple[int, int]) -> None:
    rows = list(window_of(*size).rows)
    dice(f"{shuffle}").shuffle(rows)
    assert [one.answer(rows) for one in questions(*size)] == [one.gold for one in questions(*size)]


def test_wrong_labels_still_give_an_answer_of_the_form() -> None:
    window, roll = window_of(32_000, 3), dice("noise")
    noisy = [replace(row, label=roll.choice(window.labels)) for row in window.rows]
    tied = [replace(row, label=window.labels[place % 6]) for place, row in enumerate(window.rows[:306])]
    for question in questions(32_000, 3):
        for rows in (noisy, tied):
            said = question.answer(rows)
            assert said == question.answer(rows)
            assert not question.choices or said in question.choices or said == "never"
            assert question.answer_kind != "NUMERIC" or int(said) >= 0


def test_no_rows_are_no_crash() -> None:
    """Leaves may all fail."""
    for question in questions(32_000, 3):
        assert isinstance(question.answer([]), str)


def test_the_code_runs_in_the_sandbox() -> None:
    window = window_of(32_000, 3)
    rows = [[row.day.isoformat(), row.user, row.label] for row in window.rows]
    with MontyInterpreter() as sandbox:
        for kind, question in {one.kind: one for one in questions(32_000, 3) if one.code}.items():
            with sandbox.session(()) as session:
                ended = session.start(question.code, {"rows": rows})
                assert isinstance(ended, Ended)
                assert ended.kind is None, (kind, ended.error)
                assert str(session.variable("result")[1]) == question.gold, kind


def test_two_answers_that_differ_are_a_fault() -> None:
    window = window_of(8000, 1)
    for question in questions(8000, 1)[:12]:
        check(question, window)
        with pytest.raises(ArithmeticError, match="differ"):
            check(replace(question, gold=f"{question.gold}1"), window)


def test_near_ties_are_not_asked() -> None:
    for question in questions(32_000, 3):
        counts = Counter(row.label for row in window_of(32_000, 3).rows)
        if question.kind == "RELATIVE_FREQ":
            one, other = (counts[name] for name in question.text.split("'")[1:4:2])
            assert one == other or abs(one - other) > 0.02 * max(one, other)
        if question.kind in ("MOST_FREQ", "LEAST_FREQ", "SECOND_MOST_FREQ"):
            mine = counts.pop(question.gold)
            assert all(abs(mine - other) > 0.02 * max(mine, other) for other in counts.values())
    even = [LabelledText(f"text {number} of a sort", "ab"[number % 2]) for number in range(40)]
    window = make_window(even, 300, 1)
    tied = replace(window, rows=tuple(replace(row, label="ab"[place % 2]) for place, row in enumerate(window.rows[:8])))
    asked = {one.kind: one.gold for one in questions_of(tied, ["counting"], 4, 1)}
    assert asked == {"NUMERIC_ONE_CLASS": "4", "RELATIVE_FREQ": "same frequency"}


@given(st.integers(0, 10**6), st.integers(330, 900), st.sampled_from(family_names()))
@settings(max_examples=60, deadline=None)
def test_small_windows_give_questions_or_say_why_not(seed: int, tokens: int, family: str) -> None:
    window = make_window(own_texts(), tokens, seed, 2)
    with suppress(UsageError):
        assert all(one.gold == told(one, window) for one in questions_of(window, [family], 2, seed))


def test_what_cannot_be_asked_is_said() -> None:
    window = window_of(1200, 4)
    with pytest.raises(UsageError, match=r"20 clear questions of needle, 21 were asked for"):
        questions_of(window, ["needle"], 21, 1)
    with pytest.raises(UsageError, match="Did you mean 'pairs'"):
        questions_of(window, ["pair"], 1, 1)
    with pytest.raises(UsageError, match="name at least one family"):
        questions_of(window, [], 1, 1)
    assert questions_of(make_window(own_texts(), 1200, 4), ["counting"], 0, 1) == []


def test_a_long_window_has_pairs_that_can_be_listed() -> None:
    window = window_of(131_000, 7)
    for question in questions_of(window, ["pairs"], 10, 7):
        assert 1 <= question.gold.count("\n") + 1 <= 20_000


def test_a_long_window_has_the_answers_of_the_words() -> None:
    """There labels of a month are near to each other, and users many."""
    window = window_of(1_000_000, 0)
    for question in questions_of(window, ["timeline", "user"], 22, 1):
        assert question.gold == told(question, window), question.text


def test_labels_may_hold_quotes_and_braces() -> None:
    names = ("it's", '"odd"', "{n}", "a: b", "\\n")
    texts = [LabelledText(f"text {number} about something", names[number % 5]) for number in range(200)]
    window = make_window(texts, 2000, 3)
    assert len(questions_of(window, ["counting", "user", "timeline", "pairs"], 40, 3)) == 40


def test_the_public_texts_give_the_same_kinds() -> None:
    window = make_window(trec(), 32_000, 5)
    asked = questions_of(window, ["counting", "user", "timeline"], 40, 5)
    assert all(one.gold == told(one, window) for one in asked)
