"""Tilting: the population nearest to a given one that shows what was measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_STEPS, _HALVINGS, _TOLERANCE = 40, 12, 1e-5
_SMALLEST = 1e-300


def tilted(base: Array, features: Array, target: Array, noise: Array) -> Array:
    """(draws, T) weights nearest to `base` in Kullback-Leibler divergence whose mean features fit the target.

    `base` (draws, T) weights, `features` (T, d), `target` (draws, d), `noise` (draws, d, d) the covariance of the
    target: a miss m costs m' noise^-1 m / 2, so that a target which no population has is no failure. Exponential
    tilting (Csiszar 1975); the dual is smooth and concave, and climbed by Newton's method with halved steps.
    """
    problem = _Dual(np.log(np.maximum(base, _SMALLEST)), features, target, noise)
    theta = np.zeros_like(target)
    value, weights = problem.at(theta)
    for _ in range(_STEPS):
        slope, curve = problem.slope(theta, weights)
        if np.abs(slope).max() < _TOLERANCE:
            break
        step: Array = np.asarray(np.linalg.solve(curve, slope[:, :, None])[:, :, 0], dtype=np.float64)
        theta, value, weights = problem.climb(theta, step, value)
    return weights


class _Dual:
    """theta . target - log of the tilted mass - theta' noise theta / 2, of each draw."""

    def __init__(self, logs: Array, features: Array, target: Array, noise: Array) -> None:
        self._logs, self._features, self._target, self._noise = logs, features, target, noise
        pairs = features[:, :, None] * features[:, None, :]
        self._squares = pairs.reshape(len(features), -1)

    def at(self, theta: Array) -> tuple[Array, Array]:
        """The value (draws,) and the tilted weights (draws, T)."""
        logs = self._logs + theta @ self._features.T
        top = logs.max(axis=1, keepdims=True)
        raw = np.exp(logs - top)
        mass = raw.sum(axis=1, keepdims=True)
        penalty = np.einsum("bi,bij,bj->b", theta, self._noise, theta) / 2
        value: Array = (theta * self._target).sum(axis=1) - (top + np.log(mass))[:, 0] - penalty
        return value, raw / mass

    def slope(self, theta: Array, weights: Array) -> tuple[Array, Array]:
        """The gradient (draws, d), and the negative Hessian (draws, d, d), which is positive definite."""
        mean, width = weights @ self._features, self._features.shape[1]
        slope = self._target - mean - np.einsum("bij,bj->bi", self._noise, theta)
        second = (weights @ self._squares).reshape(-1, width, width)
        curve: Array = second - mean[:, :, None] * mean[:, None, :] + self._noise + 1e-12 * np.eye(width)
        return slope, curve

    def climb(self, theta: Array, step: Array, value: Array) -> tuple[Array, Array, Array]:
        """A step, halved in the draws where it would go down."""
        scale = np.ones((len(theta), 1))
        for _ in range(_HALVINGS):
            ahead, weights = self.at(theta + scale * step)
            worse = ahead < value - 1e-7 * (1 + np.abs(value))
            if not worse.any():
                break
            scale[worse] /= 2
        return theta + scale * step, ahead, weights
