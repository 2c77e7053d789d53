"""From two answers to each of many questions to populations of questions that could have given them.

What two samples identify: three numbers, the mean over questions of p^2, of 2 p (1 - p) and of the sum of q_j^2, where p
is the probability of the right answer and q_j those of wrong ones; so the mean and the variance of p, and how often wrong
answers agree. They do not identify the rest of the distribution of p, nor which questions the agreement is on. That is
assumed: a random population is drawn from a broad prior, and tilted as little as may be to the three numbers. The band
holds both the noise of the numbers and the spread of the populations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp

from commissure.hal.errors import UsageError
from commissure.theory.votes.types import DIFFUSE_TAIL, EVEN_TAIL, SHAPES, Types

Array = npt.NDArray[np.float64]
CELLS = 4
import os

PC = float(os.environ.get("PC", "60"))
PP = float(os.environ.get("PP", "30"))
PSEUDO = 0.125
_STEPS, _TOLERANCE = 60, 1e-9


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question: whether each is right, and whether they are the same (where one is right, no)."""

    first: bool
    second: bool
    same: bool

    @property
    def cell(self) -> int:
        """0 both right, 1 one right, 2 agreed and wrong, 3 wrong and different. Raises UsageError."""
        if self.first != self.second and self.same:
            raise UsageError(f"{self}: answers of which one is right are not the same.")
        if self.first and self.second:
            return 0
        return 1 if self.first or self.second else 2 if self.same else 3


def one_hot(pairs: Sequence[Pair]) -> Array:
    """(N, 4), which cell each pair is in."""
    return np.eye(CELLS)[[pair.cell for pair in pairs]]


def random_weights(questions: int, draws: int, chance: np.random.Generator) -> Array:
    """(draws, N) weights of the Bayesian bootstrap over questions (Rubin 1981), of mean 1."""
    weights = chance.exponential(size=(draws, questions))
    scaled: Array = weights * (questions / weights.sum(axis=1, keepdims=True))
    return scaled


def random_cells(counts: Array, chance: np.random.Generator) -> Array:
    """(draws, 4) shares of the cells from weighted counts, with an eighth of a pair in each, so that none is impossible."""
    raw = counts + chance.gamma(PSEUDO, size=counts.shape)
    shares: Array = raw / raw.sum(axis=1, keepdims=True)
    return shares


def random_populations(types: Types, draws: int, chance: np.random.Generator) -> Array:
    """(draws, T) logs of the weights of random populations: the broad prior of what two samples do not tell.

    p is a mixture of two Betas, of precisions from very bimodal to narrow. The strongest wrong value's share of the wrong
    mass is Beta with a mean that moves with p, and what it leaves is diffuse or even, in random shares.
    """
    p = types.right.reshape(-1, len(SHAPES))[:, 0]
    parts = [_beta(p, draws, chance) for _ in range(2)]
    blend = chance.beta(0.5, 0.5, size=(draws, 1))
    mixed = np.logaddexp(np.log(blend + 1e-12) + parts[0], np.log1p(-blend + 1e-12) + parts[1])
    logs = mixed[:, :, None] + _shape_logs(p, draws, chance)
    flat: Array = logs.reshape(draws, -1)
    return flat - logsumexp(flat, axis=1, keepdims=True)


def _shape_logs(p: Array, draws: int, chance: np.random.Generator) -> Array:
    middle, slope = chance.normal(0, 1.5, size=(draws, 1)), chance.normal(0, 1.5, size=(draws, 1))
    mean = expit(middle + slope * (p - 0.5))[:, :, None]
    precision = np.exp(chance.uniform(np.log(1.0), np.log(PC), size=(draws, 1, 1)))
    even = chance.beta(0.5, 0.5, size=(draws, 1, 1))
    tails = ((DIFFUSE_TAIL, 1 - even), (EVEN_TAIL, even))
    logs = [_beta_logs(np.array(tops), mean, precision) + np.log(share + 1e-12) for tops, share in tails]
    joined: Array = np.concatenate(logs, axis=2)
    return joined


def _beta_logs(values: Array, mean: Array, precision: Array) -> Array:
    inner = np.clip(values, 0.025, 0.975)
    logs = (mean * precision - 1) * np.log(inner) + ((1 - mean) * precision - 1) * np.log1p(-inner)
    scaled: Array = logs - logsumexp(logs, axis=-1, keepdims=True)
    return scaled


def _beta(p: Array, draws: int, chance: np.random.Generator) -> Array:
    """Log weights (draws, P) on the grid, of a Beta of random mean and precision; the ends hold half a step."""
    mean = chance.uniform(0.02, 0.98, size=(draws, 1))
    precision = np.exp(chance.uniform(np.log(0.2), np.log(PP), size=(draws, 1)))
    inner = np.clip(p, 1 / (4 * len(p)), 1 - 1 / (4 * len(p)))
    logs = (mean * precision - 1) * np.log(inner) + ((1 - mean) * precision - 1) * np.log1p(-inner)
    scaled: Array = logs - logsumexp(logs, axis=1, keepdims=True)
    return scaled


def tilted(base: Array, features: Array, target: Array, noise: Array) -> tuple[Array, Array]:
    """(draws, T) weights nearest to the base (logs) in Kullback-Leibler divergence whose mean features fit the target.

    `features` (T, d), `target` (draws, d), `noise` (draws, d, d) the covariance of the target: a miss m costs
    m' noise^-1 m / 2, so that a target that no population has is no failure. Exponential tilting; the dual is smooth and
    concave, solved by Newton's method with step halving.
    """
    theta = np.zeros_like(target)
    value, weights = _dual(theta, base, features, target, noise)
    for _ in range(_STEPS):
        mean = weights @ features
        slope = target - mean - np.einsum("bij,bj->bi", noise, theta)
        if np.abs(slope).max() < _TOLERANCE:
            break
        second = np.einsum("bt,ti,tj->bij", weights, features, features, optimize=True)
        curve = second - mean[:, :, None] * mean[:, None, :] + noise
        step = np.linalg.solve(curve + 1e-12 * np.eye(target.shape[1]), slope[:, :, None])[:, :, 0]
        theta, value, weights = _climbed(theta, step, value, base, features, target, noise)
    return weights, value


def _climbed(
    theta: Array, step: Array, value: Array, base: Array, features: Array, target: Array, noise: Array
) -> tuple[Array, Array, Array]:
    scale = np.ones((len(theta), 1))
    for _ in range(30):
        ahead, weights = _dual(theta + scale * step, base, features, target, noise)
        worse = ahead < value - 1e-12
        if not worse.any():
            break
        scale[worse] /= 2
    return theta + scale * step, ahead, weights


def _dual(theta: Array, base: Array, features: Array, target: Array, noise: Array) -> tuple[Array, Array]:
    logs = base + theta @ features.T
    total = logsumexp(logs, axis=1, keepdims=True)
    penalty = np.einsum("bi,bij,bj->b", theta, noise, theta) / 2
    value: Array = (theta * target).sum(axis=1) - total[:, 0] - penalty
    return value, np.exp(logs - total)


def noise_of(cells: Array, pairs: float) -> Array:
    """(draws, 3, 3) covariance of the first three shares of so many pairs, multinomial."""
    first = cells[:, : CELLS - 1]
    covariance: Array = (first[:, :, None] * np.eye(CELLS - 1) - first[:, :, None] * first[:, None, :]) / pairs
    return covariance
