"""Simulated studies: populations whose vote curve is known, and answers drawn from them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from commissure.theory.votes.plurality import plurality
from commissure.theory.votes.two_samples import Pair

Array = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Array, Array]]


def one_strong(p: Array, top: float, even: int = 5) -> Array:
    """(n, 1 + even): one wrong value with a share of the wrong mass, the rest even over others."""
    wrong = (1 - p)[:, None]
    return np.hstack([top * wrong, *([(1 - top) / even * wrong] * even)])


def beta(a: float, b: float, top: float) -> Draw:
    def draw(chance: np.random.Generator, n: int) -> tuple[Array, Array]:
        p = chance.beta(a, b, n)
        return p, one_strong(p, top)

    return draw


def humps(chance: np.random.Generator, n: int) -> tuple[Array, Array]:
    p = np.where(chance.random(n) < 0.5, chance.beta(18, 2, n), chance.beta(2, 18, n))
    return p, one_strong(p, 0.5)


def sure(chance: np.random.Generator, n: int) -> tuple[Array, Array]:
    p = np.where(chance.random(n) < 0.6, 1.0, 0.0)
    return p, one_strong(p, 0.5)


def diffuse(chance: np.random.Generator, n: int) -> tuple[Array, Array]:
    p = chance.beta(1, 2, n)
    return p, np.zeros((n, 1))


def answers(p: Array, wrong: Array, n: int, chance: np.random.Generator) -> npt.NDArray[np.intp]:
    """(N, n) answers of N questions: 0 is right, 1.. a wrong value, and a number of its own for a diffuse one."""
    bounds = np.cumsum(np.column_stack([p, wrong]), axis=1)
    values = (chance.random((len(p), n))[:, :, None] > bounds[:, None] + 1e-12).sum(axis=2)
    alone = np.arange(values.size).reshape(values.shape) + 1000
    return np.where(values > wrong.shape[1], alone, values)


def pairs_of(drawn: npt.NDArray[np.intp]) -> list[Pair]:
    return [Pair(bool(one == 0), bool(other == 0), bool(one == other)) for one, other in drawn[:, :2]]


def vote_share(drawn: npt.NDArray[np.intp]) -> Array:
    """(N,) 1 where the plurality of a row is right, its share of a tie."""
    shares = np.zeros(len(drawn))
    for place, row in enumerate(drawn):
        values, counts = np.unique(row, return_counts=True)
        top = values[counts == counts.max()]
        shares[place] = (0 in top) / len(top)
    return shares


def true_curve(draw: Draw, most: int = 8) -> Array:
    curve: Array = plurality(*draw(np.random.default_rng(0), 40_000), most).mean(axis=0)
    return curve
