"""What recursion scores when each item is labelled alone and code counts the labels: from the error of one item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError
from commissure.theory.intervals import generator

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
# OOLONG's score of a number that is off by d is 0.75^|d| (arXiv 2511.02817).
NEAR = 0.75
# It asks for comparisons only where counts differ by more than this share of the rows, or not at all.
GAP = 0.02


@dataclass(frozen=True, slots=True)
class Expected:
    """The mean score of each kind of counting question, from 0 to 1."""

    most: float
    least: float
    relative: float
    numeric: float


def confusion(labels: int, accuracy: float, skew: float = 0.0) -> Array:
    """Rows sum to 1: how often an item of label i is taken for j, (labels, labels).

    Of the errors the share `skew` goes to the next label, the rest evenly to all wrong ones; 0 is an even spread.
    Raises UsageError for fewer than two labels, and for what is no probability.
    """
    if labels < 2 or not 0 <= accuracy <= 1 or not 0 <= skew <= 1:
        raise UsageError(f"two labels or more, accuracy and skew from 0 to 1, not {labels}, {accuracy} and {skew}")
    even = (1 - skew) * (1 - accuracy) / (labels - 1)
    found = np.full((labels, labels), even)
    for label in range(labels):
        found[label, (label + 1) % labels] += skew * (1 - accuracy)
        found[label, label] = accuracy
    return found


def numeric(counts: Sequence[int], taken_for: Array, label: int) -> float:
    """E[0.75^|d|], exactly, where d is how far the count of a label is off.

    The count is a sum of independent binomials, one for each true label; their distributions are convolved. Raises
    UsageError for counts below 0 and for a matrix of another size.
    """
    _check(counts, taken_for)
    mass = np.ones(1)
    for true, count in enumerate(counts):
        mass = np.convolve(mass, _binomial(int(count), float(taken_for[true, label])))
    away = np.abs(np.arange(len(mass)) - counts[label])
    return float(mass @ NEAR**away)


def expected(rows: int, taken_for: Array, *, mixes: int, seed: int) -> Expected:
    """Over mixes of labels drawn evenly from all there are (Dirichlet's with ones), each read once.

    Numbers are in closed form for each mix, one label after another; the rest is counted. Only questions that OOLONG
    would ask count: a sole most and least frequent label, comparisons by more than 2 % of the rows; ties are wrong.
    Raises UsageError for no rows or no mixes, and where no mix has a question of each kind.
    """
    if rows < 1 or mixes < 1:
        raise UsageError(f"at least one row and one mix, not {rows} and {mixes}")
    chance, size = generator(seed), len(taken_for)
    found: tuple[list[float], ...] = ([], [], [], [])
    for one in range(mixes):
        true = chance.multinomial(rows, chance.dirichlet(np.ones(size)))
        read = sum(chance.multinomial(count, row) for count, row in zip(true, taken_for, strict=True))
        found[0].extend(_sole(true, np.asarray(read)))
        found[1].extend(_sole(-true, -np.asarray(read)))
        found[2].extend(_compared(true, np.asarray(read)))
        found[3].append(numeric([int(count) for count in true], taken_for, one % size))
    if not all(found):
        raise UsageError(f"{mixes} mixes of {rows} rows have no question of some kind: give more of either")
    return Expected(*(float(np.mean(scores)) for scores in found))


def _sole(true: Counts, read: Counts) -> list[float]:
    """Whether the label of the highest count is found; nothing where several share it."""
    best = np.flatnonzero(true == true.max())
    if len(best) > 1:
        return []
    return [float(np.array_equal(np.flatnonzero(read == read.max()), best))]


def _compared(true: Counts, read: Counts) -> list[float]:
    one, two = np.triu_indices(len(true), 1)
    asked = np.abs(true[one] - true[two]) > GAP * true.sum()
    right = np.sign(true[one] - true[two]) == np.sign(read[one] - read[two])
    return [float(np.mean(right[asked]))] if asked.any() else []


def _binomial(count: int, chance: float) -> Array:
    """The probabilities of 0..count, by their logarithms: factorials of thousands are no floats."""
    if chance in (0.0, 1.0):
        sure: Array = np.eye(1, count + 1, count if chance == 1.0 else 0)[0]
        return sure
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    hits = np.arange(count + 1)
    found: Array = np.exp(logs[count] - logs - logs[::-1] + hits * np.log(chance) + (count - hits) * np.log1p(-chance))
    return found


def _check(counts: Sequence[int], taken_for: Array) -> None:
    if min(counts, default=-1) < 0 or taken_for.shape != (len(counts), len(counts)):
        raise UsageError(f"a count >= 0 and a row of the matrix for each label, not {list(counts)}, {taken_for.shape}")
