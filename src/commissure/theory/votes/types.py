"""Types of question: a grid of what the answers to one question can be, from which populations are mixed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from commissure.theory.votes.plurality import plurality

Array = npt.NDArray[np.float64]

STEPS = 40
DIFFUSE_TAIL = tuple(step / 10 for step in range(11))
EVEN_TAIL = (0.25, 0.4, 0.55, 0.7, 0.85)
SHAPES: tuple[tuple[float, ...], ...] = (
    *((top,) for top in DIFFUSE_TAIL),
    *((top, *((1 - top) / 3,) * 3) for top in EVEN_TAIL),
)
"""How the wrong mass is split: shares of values that wrong answers can agree on; what is left is diffuse."""


@dataclass(frozen=True, slots=True)
class Types:
    """T types: `right` (T,) is p; `wrong` (T, 4) the masses of wrong values; the grid is p-major, `shape` (T,) the shape.

    `cells` (T, 3) are the probabilities of what two answers show: both right, one right, agreed on a wrong value.
    `vote` (T, most) is the probability that a plurality of 1..most is right.
    """

    right: Array
    wrong: Array
    shape: npt.NDArray[np.intp]
    cells: Array
    vote: Array

    @property
    def modal(self) -> Array:
        """(T,) 1 where the right value is the likeliest, a share of 1 where it ties, 0 elsewhere: a greedy answer."""
        best = self.wrong.max(axis=1)
        ties = np.isclose(self.wrong, self.right[:, None]).sum(axis=1)
        level = np.isclose(best, self.right)
        shared: Array = np.where(self.right == 0, 0.0, np.where(level, 1 / (1 + ties), self.right > best))
        return shared


@lru_cache(maxsize=4)
def question_types(most: int) -> Types:
    """Every shape of the wrong answers at p = 0, 1/40, ... 1."""
    share = np.array([(*one, *(0.0,) * (4 - len(one))) for one in SHAPES])
    p = np.linspace(0, 1, STEPS + 1)
    right = np.repeat(p, len(SHAPES))
    wrong = np.tile(share, (len(p), 1)) * (1 - right)[:, None]
    shape = np.tile(np.arange(len(SHAPES)), len(p))
    return Types(right, wrong, shape, pair_cells(right, wrong), plurality(right, wrong, most))


def pair_cells(right: Array, wrong: Array) -> Array:
    """(T, 3): p^2, 2 p (1 - p), and the sum of the squared masses of wrong values."""
    return np.column_stack([right**2, 2 * right * (1 - right), (wrong**2).sum(axis=1)])
