"""Windows: of the length asked for, in OOLONG's proportions, and the same for the same seed in any process."""

import os
import subprocess
import sys
from collections import Counter
from datetime import date
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.policies.recursion.ask import tokens_of
from commissure.scenarios.deep_context.questions.needles import facts_in
from commissure.scenarios.deep_context.questions.reading import rows_in
from commissure.scenarios.deep_context.questions.texts import LabelledText, templated
from commissure.scenarios.deep_context.questions.window import make_window
from tests.scenarios.deep_context.questions.worlds import own_texts, questions, trec, window_of

GOLDEN_WINDOW = "e45544b3d979ef177618717a49d7dd86272b1f47e327cfb3ee33a94c1c3fcfae"
GOLDEN_QUESTIONS = "0a4dc6e746b40b5521b51cbeb04b9a67c6fad3740c4c1f2c7312f8c0630fb3ab"


def hashes() -> tuple[str, str]:
    asked = "\n".join(f"{one.id} {one.kind} {one.text} {one.gold}" for one in questions(8000, 1))
    return sha256(window_of(8000, 1).text.encode()).hexdigest(), sha256(asked.encode()).hexdigest()


def test_the_seed_gives_what_it_always_gave() -> None:
    assert hashes() == (GOLDEN_WINDOW, GOLDEN_QUESTIONS)


def test_another_process_gives_the_same() -> None:
    code = f"from {__name__} import hashes; print(*hashes())"
    environ = os.environ | {"PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout
    assert tuple(said.split()) == hashes()


def test_seeds_and_lengths_give_others() -> None:
    made = [make_window(own_texts(), tokens, seed) for tokens in (2000, 2100) for seed in (1, 2)]
    assert len({window.text for window in made}) == len({window.id for window in made}) == 4


@given(st.integers(400, 20_000), st.integers(0, 10**9), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_windows_are_as_long_as_asked_for(tokens: int, seed: int, needles: int) -> None:
    """Texts differ in length by label, and the mix of labels is drawn."""
    window = make_window(own_texts(), tokens, seed, needles)
    assert 0.8 * tokens < tokens_of(window.text) + 40 < 1.1 * tokens + 40
    assert len(window.lines) == len(window.rows) + needles == window.text.count("\n")
    assert len(facts_in(window.lines)) == needles
    assert list(rows_in(window.text)) == [type(row)(row.day, row.user, row.text, "") for row in window.rows]


# Rows of TREC at each length, as counted on a prototype.
@pytest.mark.parametrize(("tokens", "rows"), [(8192, 322), (32_768, 1297), (131_072, 5134)])
def test_rows_of_public_texts_are_as_many_as_published(tokens: int, rows: int) -> None:
    window = make_window(trec(), tokens, 1)
    assert len(window.rows) == pytest.approx(rows, rel=0.03)
    assert np.mean([len(row.line) + 1 for row in window.rows]) == pytest.approx(96, abs=3)


def test_proportions_are_those_of_oolong() -> None:
    window = window_of(1_000_000, 0)
    busy = [count for _, count in Counter(row.user for row in window.rows).most_common()]
    assert sum(busy[: len(busy) // 5]) / len(window.rows) == pytest.approx(0.8, abs=0.03)
    months = Counter(f"{row.day:%Y-%m}" for row in window.rows)
    assert len(months) == 40
    assert max(months.values()) / min(months.values()) < 1.4
    assert min(row.day for row in window.rows) == date(2021, 2, 1)
    assert set(window.labels) == {row.label for row in window.rows}
    shares = [{row.label: 0 for row in window.rows} | Counter(row.label for row in window_of(8000, seed).rows)
              for seed in range(12)]  # fmt: skip
    assert np.std([one["human"] for one in shares]) > 15, "the mix of labels is drawn anew"


def test_texts_come_again_only_when_all_came() -> None:
    few = [LabelledText(f"text {number}", "ab"[number % 2]) for number in range(40)]
    window = make_window(few, 3000, 1)
    for label in "ab":
        counts = Counter(row.text for row in window.rows if row.label == label)
        assert len(counts) == 20
        assert max(counts.values()) - min(counts.values()) <= 1


def test_own_texts_are_thousands_with_one_label_each() -> None:
    texts = templated(1)
    assert len({one.text for one in texts}) == len(texts) > 5000
    labels = Counter(one.label for one in texts)
    assert len(labels) == 6
    assert templated(1) == texts != templated(2)


def test_no_first_word_tells_the_label() -> None:
    """The best guess by the first word, or by the first two, is right no more often than for the texts of TREC."""
    for words, most in ((1, 0.52), (2, 0.78)):
        by_start: dict[str, Counter[str]] = {}
        for one in own_texts():
            by_start.setdefault(" ".join(one.text.split()[:words]), Counter())[one.label] += 1
        right = sum(max(labels.values()) for labels in by_start.values()) / len(own_texts())
        assert right < most, words


def test_too_short_a_window_is_said_to_be() -> None:
    for needles in (0, 20):
        with pytest.raises(UsageError, match="tokens are the least") as error:
            make_window(own_texts(), 100, 1, needles)
        least = int(str(error.value).split(";")[1].split()[0])
        assert len(make_window(own_texts(), least, 1, needles).rows) == 8
        with pytest.raises(UsageError):
            make_window(own_texts(), least - 2, 1, needles)


def test_lines_that_are_no_rows_are_passed_over() -> None:
    text = "1. Date: 2021-02-30 || User: 1 || Instance: x\nDate: 2021-02-03 || User: 12 || Instance: a || User: 3 || b"
    assert [(row.day, row.user, row.text) for row in rows_in(text)] == [(date(2021, 2, 3), "12", "a || User: 3 || b")]
