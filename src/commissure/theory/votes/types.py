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
    *((top, 0.0, 0.0, 0.0) for top in DIFFUSE_TAIL),
    *((top, *((1 - top) / 3,) * 3) for top in EVEN_TAIL),
)
"""How the wrong mass is split: the share of the strongest wrong value; the rest is diffuse, or even over three."""


@dataclass(frozen=True, slots=True)
class Types:
    """T types, by p and then by the shape of the wrong answers.

    `right` (T,) is p, `wrong` (T, 4) the masses of wrong values, `cells` (T, 3) what two answers show (pair_cells), and
    `vote` (T, most) the probability that a plurality of 1..most is right.
    """

    right: Array
    wrong: Array
    cells: Array
    vote: Array

    def oracle(self, most: int) -> Array:
        """(T, most) the probability that at least one of 1..most is right."""
        found: Array = 1 - (1 - self.right[:, None]) ** np.arange(1, most + 1)
        return found


def type_grid() -> tuple[Array, Array]:
    """p and the masses of the wrong values, of every shape at p = 0, 1/40, ... 1."""
    p = np.linspace(0, 1, STEPS + 1)
    right = np.repeat(p, len(SHAPES))
    return right, np.tile(np.array(SHAPES), (len(p), 1)) * (1 - right)[:, None]


@lru_cache(maxsize=4)
def question_types(most: int) -> Types:
    """The grid with its votes up to `most`."""
    right, wrong = type_grid()
    return Types(right, wrong, pair_cells(right, wrong), plurality(right, wrong, most))


def pair_cells(right: Array, wrong: Array) -> Array:
    """(T, 3): p^2, 2 p (1 - p), and the sum of the squared masses of wrong values."""
    return np.column_stack([right**2, 2 * right * (1 - right), (wrong**2).sum(axis=1)])
