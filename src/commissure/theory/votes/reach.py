"""What voting can reach from a given mean: populations that meet a target, and the limits that none can pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, linprog
from scipy.stats import beta

from commissure.hal.errors import UsageError
from commissure.theory.votes.plurality import plurality
from commissure.theory.votes.types import question_types

Array = npt.NDArray[np.float64]
TOPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
PRECISIONS = np.exp(np.linspace(np.log(0.02), np.log(500.0), 60))
_STEPS = 400


@dataclass(frozen=True, slots=True)
class Population:
    """Questions whose p is Beta of a mean and a precision a + b, and whose wrong mass has one value of share `top`, the
    rest diffuse. Shares of right answers: `one_sample`, `plurality` of `n`, `mode` (greedy that finds the likeliest
    value), `oracle` of n.
    """

    mean: float
    precision: float
    top: float
    n: int
    one_sample: float
    plurality: float
    mode: float
    oracle: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the largest share that a plurality of n has right over all populations that meet the conditions,
    and the largest one's types: pairs of p, the masses of wrong values, and the weight.
    """

    least: float
    most: float
    most_types: tuple[tuple[float, tuple[float, ...], float], ...]


def population(mean: float, precision: float, top: float, n: int) -> Population:
    """Of such questions. Raises UsageError for a mean or top outside 0..1, a precision not above 0, and n < 1."""
    if not (0 < mean < 1 and precision > 0 and 0 <= top <= 1):
        raise UsageError(f"mean {mean:g} must be within 0..1, precision {precision:g} above 0, top {top:g} 0 to 1.")
    p, vote = _votes(top, n)
    weights = _beta_weights(mean, precision)
    wrong = top * (1 - p)
    modal = np.where(np.isclose(p, wrong), 0.5, p > wrong) * (p > 0)
    found = 1 - (1 - p) ** n
    return Population(mean, precision, top, n, *(float(weights @ one) for one in (p, vote, modal, found)))


def populations_reaching(mean: float, target: float, n: int, tops: Sequence[float] = TOPS) -> tuple[Population, ...]:
    """For each share of the strongest wrong value, the populations of this mean whose plurality of n is the target.

    There may be none, or more than one: every crossing over precisions .02..500 is found. Raises UsageError.
    """
    found = []
    for top in tops:
        gaps = [population(mean, float(one), top, n).plurality - target for one in PRECISIONS]
        for place in np.flatnonzero(np.diff(np.sign(gaps))):
            low, high = np.log(PRECISIONS[place]), np.log(PRECISIONS[place + 1])
            found.append(_crossing(mean, target, n, top, (low, high)))
    return tuple(found)


def _crossing(mean: float, target: float, n: int, top: float, logs: tuple[float, float]) -> Population:
    """The population between two logs of precisions whose plurality is the target."""

    def gap(log: float) -> float:
        return population(mean, float(np.exp(log)), top, n).plurality - target

    return population(mean, float(np.exp(brentq(gap, *logs))), top, n)


def limits(
    n: int, *, mean: float | None = None, mode: float | None = None, cells: Sequence[float] | None = None
) -> Limits:
    """The extremes of the plurality over populations with this mean p, this share of questions whose likeliest value is
    right, or these shares of pairs of answers (both right, one right, agreed and wrong): all that are given.

    A linear program over a grid of types (types.py), to its step of 1/40 in p. With `cells` it is all that two samples
    identify, free of any prior. Ties of the likeliest value are shared. Raises UsageError for n < 1 and for conditions
    that no population meets.
    """
    if n < 1:
        raise UsageError(f"a plurality of {n} votes: n must be at least 1.")
    types = question_types(n)
    rows, sides = [np.ones(len(types.right))], [1.0]
    for row, side in ((types.right, mean), (modal_share(types.right, types.wrong), mode)):
        if side is not None:
            rows.append(row)
            sides.append(side)
    if cells is not None:
        rows.extend(types.cells.T)
        sides.extend(cells)
    value = types.vote[:, n - 1]
    a, b = np.array(rows), np.array(sides)
    least, most = (linprog(sign * value, A_eq=a, b_eq=b, method="highs-ds") for sign in (1, -1))
    if least.x is None or most.x is None:
        raise UsageError(
            f"no population has mean p {mean}, the right mode on {mode} of its questions, and pairs {cells}."
        )
    weights = np.asarray(most.x, dtype=float)
    held = np.flatnonzero(weights > 1e-9)
    kept = tuple(
        (float(types.right[one]), tuple(float(q) for q in types.wrong[one] if q > 0), float(weights[one]))
        for one in held
    )
    return Limits(float(value @ np.asarray(least.x, dtype=float)), float(value @ weights), kept)


def modal_share(right: Array, wrong: Array) -> Array:
    """(T,) 1 where the right value is the likeliest, its share of a tie, else 0."""
    top = wrong.max(axis=1)
    level = np.isclose(wrong, right[:, None]).sum(axis=1)
    share = np.where(np.isclose(top, right), 1 / (1 + level), right > top)
    shares: Array = np.where(right > 0, share, 0.0)
    return shares


def _votes(top: float, n: int) -> tuple[Array, Array]:
    p = (np.arange(_STEPS) + 0.5) / _STEPS
    return p, plurality(p, (top * (1 - p))[:, None], n)[:, n - 1]


def _beta_weights(mean: float, precision: float) -> Array:
    """(_STEPS,) how much of the Beta is in each of the equal parts of 0..1."""
    edges = np.linspace(0, 1, _STEPS + 1)
    parts = np.diff(beta.cdf(edges, mean * precision, (1 - mean) * precision))
    weights: Array = parts / parts.sum()
    return weights
