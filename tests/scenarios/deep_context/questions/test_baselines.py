"""What is answered without reading scores as chance does: nothing leaks its answer, but what dates and users tell."""

from functools import lru_cache

import pytest

from commissure.scenarios.deep_context.questions.baselines import Asked, baselines
from commissure.scenarios.deep_context.questions.families import family_names, questions_of
from commissure.scenarios.deep_context.questions.scoring import score
from tests.scenarios.deep_context.questions.worlds import window_of

# Who wrote most, and when most was written, stands in the lines, whatever the texts say; so it is in OOLONG.
TOLD_BY_THE_LINES = {"USER_MOST", "USER_SECOND_MOST", "BUSIEST_MONTH"}


@lru_cache
def asked() -> tuple[Asked, ...]:
    """400 questions about 20 windows."""
    windows = [window_of(8000, seed) for seed in range(100, 120)]
    return tuple((window, one) for window in windows for one in questions_of(window, family_names(), 20, 1))


def of(*answer_kinds: str) -> dict[str, float]:
    return baselines([
        pair for pair in asked() if pair[1].answer_kind in answer_kinds and pair[1].kind not in TOLD_BY_THE_LINES
    ])  # fmt: skip


def test_gold_scores_one() -> None:
    assert len(asked()) == 400
    assert all(score(one, one.gold) == 1 for _, one in asked())


def test_labels_are_guessed_as_often_as_by_dice() -> None:
    for name, mean in of("LABEL").items():
        assert mean == pytest.approx(1 / 6, abs=0.1), name


def test_comparisons_have_no_usual_answer() -> None:
    """Hardly ever is "same" right, so that half is what knowing this comes to; busy users have more of all labels."""
    for name, mean in of("COMPARISON").items():
        assert mean < (0.65 if name == "labels by dice" else 0.6), name


def test_nothing_else_is_guessed() -> None:
    """Small numbers are near to other small numbers; who has more texts has more of each label."""
    for kinds, dice, other in ((("FACT", "PAIRS"), 0.3, 0.01), (("USER",), 0.3, 0.05), (("MONTH_YEAR",), 0.3, 0.3),
                               (("NUMERIC",), 0.45, 0.4)):  # fmt: skip
        for name, mean in of(*kinds).items():
            assert mean < (dice if name == "labels by dice" else other), (kinds, name)


def test_what_the_lines_tell_needs_no_labels() -> None:
    told = [pair for pair in asked() if pair[1].kind in TOLD_BY_THE_LINES]
    means = baselines(told)
    assert means["labels by dice"] == 1.0
    assert max(mean for name, mean in means.items() if name != "labels by dice") < 0.2


def test_chance_is_what_the_guesses_score() -> None:
    """Of a closed set each is tried; of a number OOLONG's guess."""
    for window, one in asked():
        if one.choices:
            tried = [score(one, choice) for choice in one.choices]
            assert sum(tried) / len(tried) == pytest.approx(one.chance)
        elif one.answer_kind == "NUMERIC":
            assert score(one, str(round(len(window.rows) / 6))) == pytest.approx(one.chance)


def test_of_no_questions_there_are_none() -> None:
    with pytest.raises(ValueError, match="no questions"):
        baselines([])
