"""How often the value that most votes name is the right one, exactly, for votes drawn alike from one question."""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError

Array = npt.NDArray[np.float64]
_SLACK = 1e-9


def plurality(right: npt.ArrayLike, wrong: npt.ArrayLike, most: int) -> Array:
    """The probability that a plurality of n votes is right, for n = 1..`most`; ties are shared equally.

    `right` (T,) is the mass of the right value of each of T questions, `wrong` (T, k) the masses of their wrong values
    that votes can agree on; what is left of 1 is diffuse: no two such votes agree. Returns (T, most). Exact, from
    exponential generating functions: where the right value has r votes, a wrong value may have fewer, or r and a share
    in the tie; 1 / (1 + ties) is the integral of y^ties over 0..1, by Gauss and Legendre's rule of enough nodes to be
    exact. Raises UsageError for masses that are no distribution, and for most < 1.
    """
    p, q = np.atleast_1d(np.asarray(right, dtype=float)), np.atleast_2d(np.asarray(wrong, dtype=float))
    q = q.reshape(len(p), -1)
    _check(p, q, most)
    rest = np.clip(1 - p - q.sum(axis=1), 0, 1)
    inverse = np.array([1 / factorial(n) for n in range(most + 1)])
    chance = np.zeros((len(p), most + 1))
    for votes in range(1, most + 1):
        others = _others(q, rest, votes, most - votes, inverse)
        chance[:, votes:] += (p**votes * inverse[votes])[:, None] * others
    shares: Array = np.clip(chance[:, 1:] / inverse[1:], 0, 1)
    return shares


def _others(q: Array, rest: Array, votes: int, most: int, inverse: Array) -> Array:
    """Coefficients (T, most + 1) of what the other votes can be where the right value has `votes`, ties shared."""
    ties = most if votes == 1 else q.shape[1]
    nodes, weights = np.polynomial.legendre.leggauss(ties // 2 + 1)
    y, weights = (nodes + 1) / 2, weights / 2
    powers = np.arange(most + 1)
    alone = rest[:, None] * (y if votes == 1 else np.ones_like(y))
    series: Array = alone[:, :, None] ** powers * inverse[: most + 1]
    for masses in q.T:
        series = _times(series, masses, votes, y, inverse)
    total: Array = np.einsum("tym,y->tm", series, weights)
    return total


def _times(series: Array, masses: Array, votes: int, y: Array, inverse: Array) -> Array:
    """Times the terms of one wrong value: up to `votes` votes, `votes` of them counted y times."""
    length = series.shape[2]
    product = np.zeros_like(series)
    for count in range(min(votes + 1, length)):
        factor = (masses**count * inverse[count])[:, None] * (y if count == votes else np.ones_like(y))
        product[:, :, count:] += factor[:, :, None] * series[:, :, : length - count]
    return product


def _check(p: Array, q: Array, most: int) -> None:
    if most < 1:
        raise UsageError(f"a plurality of {most} votes: the largest number of votes must be at least 1.")
    total = p + q.sum(axis=1)
    if not (np.all(p >= 0) and np.all(q >= 0) and np.all(total <= 1 + _SLACK)):
        worst = float(total[np.argmax(total)])
        raise UsageError(f"masses of values must be at least 0 and sum to at most 1; given a sum of {worst:g}.")
