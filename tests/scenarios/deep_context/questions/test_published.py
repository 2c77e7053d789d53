"""Rows that are labelled wrongly at random, counted by code: scores are those measured on a prototype."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from commissure.hal.clock.dice import Dice, dice
from commissure.scenarios.deep_context.questions.families import questions_of
from commissure.scenarios.deep_context.questions.record import Question, Row
from commissure.scenarios.deep_context.questions.scoring import score
from commissure.scenarios.deep_context.questions.window import make_window
from tests.scenarios.deep_context.questions.worlds import trec

KINDS = ("MOST_FREQ", "LEAST_FREQ", "RELATIVE_FREQ", "NUMERIC_ONE_CLASS")
# By tokens and accuracy a row: the mean scores of these kinds over 150 trials, 6 labels, errors evenly spread.
TABLE: dict[int, dict[float, tuple[float, ...]]] = {
    8192: {0.90: (0.92, 0.89, 0.99, 0.39), 0.95: (0.93, 0.94, 1.0, 0.58), 0.99: (0.98, 0.96, 1.0, 0.82)},
    32_768: {0.90: (0.97, 0.94, 1.0, 0.13), 0.95: (0.97, 0.93, 1.0, 0.24), 0.99: (0.97, 0.99, 1.0, 0.61)},
    131_072: {0.90: (0.99, 0.97, 1.0, 0.03), 0.95: (1.0, 0.97, 1.0, 0.07), 0.99: (1.0, 0.99, 1.0, 0.29)},
}
TRIALS = {8192: 60, 32_768: 30, 131_072: 15}


def noisy(rows: Sequence[Row], labels: Sequence[str], accuracy: float, roll: Dice) -> list[Row]:
    others = {label: [one for one in labels if one != label] for label in labels}
    return [
        row if roll.random() < accuracy else Row(row.day, row.user, row.text, roll.choice(others[row.label]))
        for row in rows
    ]


def scores(tokens: int, trials: int, seed: int) -> Mapping[tuple[float, str], list[float]]:
    found = defaultdict(list)
    for trial in range(trials):
        window = make_window(trec(), tokens, seed + trial)
        asked: list[Question] = [one for one in questions_of(window, ["counting"], 12, 1) if one.kind in KINDS]
        for accuracy in TABLE[tokens]:
            rows = noisy(window.rows, window.labels, accuracy, dice(f"{tokens} {trial} {accuracy}"))
            # The table's comparisons are of labels that are apart.
            for one in (one for one in asked if one.gold != "same frequency"):
                found[accuracy, one.kind].append(score(one, one.answer(rows)))
    return found


@pytest.mark.parametrize("tokens", TABLE)
def test_scores_are_those_of_the_prototype(tokens: int) -> None:
    found = scores(tokens, TRIALS[tokens], 1)
    for accuracy, expected in TABLE[tokens].items():
        for kind, published in zip(KINDS, expected, strict=True):
            mean = float(np.mean(found[accuracy, kind]))
            # Few trials: two standard errors of the rarer outcome, and the prototype's own.
            assert mean == pytest.approx(published, abs=0.1), (accuracy, kind)
