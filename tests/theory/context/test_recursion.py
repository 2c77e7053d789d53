from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.context.recursion import confusion, expected, numeric

# Six labels, 150 trials, an even spread of errors: rows, accuracy, MOST, LEAST, RELATIVE, NUMERIC. Its mix of labels
# was drawn at random; that it was drawn evenly is assumed here. Three standard errors of 150 trials at .9 are .07.
TABLE = [
    (322, 0.90, 0.92, 0.89, 0.99, 0.39),
    (322, 0.95, 0.93, 0.94, 1.0, 0.58),
    (322, 0.99, 0.98, 0.96, 1.0, 0.82),
    (1297, 0.90, 0.97, 0.94, 1.0, 0.13),
    (1297, 0.95, 0.97, 0.93, 1.0, 0.24),
    (1297, 0.99, 0.97, 0.99, 1.0, 0.61),
    (5134, 0.95, 1.0, 0.97, 1.0, 0.07),
]


@pytest.mark.parametrize(("rows", "accuracy", "most", "least", "relative", "number"), TABLE)
def test_the_table_of_the_reference(
    rows: int, accuracy: float, most: float, least: float, relative: float, number: float
) -> None:
    found = expected(rows, confusion(6, accuracy), mixes=120, seed=1)
    assert found.numeric == pytest.approx(number, abs=0.07)
    assert found.most == pytest.approx(most, abs=0.07)
    assert found.least == pytest.approx(least, abs=0.07)
    assert found.relative == pytest.approx(relative, abs=0.02)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_numbers_equal_enumeration(counts: list[int], accuracy: float, skew: float) -> None:
    taken_for = confusion(len(counts), accuracy, skew)
    chances = [taken_for[label, 0] for label, count in enumerate(counts) for _ in range(count)]
    total = 0.0
    for outcome in product((0, 1), repeat=len(chances)):
        chance = np.prod([p if hit else 1 - p for p, hit in zip(chances, outcome, strict=True)])
        total += float(chance) * 0.75 ** abs(sum(outcome) - counts[0])
    assert numeric(counts, taken_for, 0) == pytest.approx(total)


@given(st.integers(2, 8), st.floats(0, 1), st.floats(0, 1))
def test_each_item_is_taken_for_something(labels: int, accuracy: float, skew: float) -> None:
    taken_for = confusion(labels, accuracy, skew)
    assert taken_for.sum(axis=1) == pytest.approx(np.ones(labels))
    assert np.diag(taken_for) == pytest.approx(np.full(labels, accuracy))


def test_each_label_is_mostly_taken_for_the_next() -> None:
    assert confusion(3, 0.7, 1.0) == pytest.approx(np.array([[0.7, 0.3, 0], [0, 0.7, 0.3], [0.3, 0, 0.7]]))


def test_the_rarest_label_is_harder_than_the_most_common() -> None:
    # Where half the items are read wrongly, errors swamp a small count sooner than a big one.
    found = expected(600, confusion(6, 0.5), mixes=300, seed=5)
    assert found.least < found.most - 0.1


def test_errors_that_lean_hurt_comparisons_more() -> None:
    even, leaning = (expected(322, confusion(6, 0.7, skew), mixes=150, seed=3) for skew in (0.0, 1.0))
    assert leaning.relative < even.relative
    assert expected(322, confusion(6, 1.0), mixes=20, seed=3).numeric == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: confusion(1, 0.9),
        lambda: confusion(3, 1.1),
        lambda: numeric([1, 2], confusion(3, 0.9), 0),
        lambda: numeric([-1, 2], confusion(2, 0.9), 0),
        lambda: expected(0, confusion(2, 0.9), mixes=1, seed=0),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        wrong()  # type: ignore[operator]
