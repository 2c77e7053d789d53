"""What the fields of a record have in common: how hard one is tells of the others, as far as two answers show it.

A record has a place u, uniform on 0..1, and each of its fields a quantile of its own population's p that hangs on u.
In turn by the draws, as two samples do not tell them apart: the field has the quantile u with probability s, or else
one of its own (a shared draw); or a Gaussian copula joins u and the quantile. Both give the measured covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from commissure.theory.votes.types import SHAPES, STEPS

Array = npt.NDArray[np.float64]
PLACES = 24
_RHOS = np.array([0, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 0.99, 0.999])


@dataclass(frozen=True, slots=True)
class Coupled:
    """Fields' populations (J, draws, T), tied: `cells` (J, draws, places, P) are the weights of p at each quantile,
    `kernel` (draws, places, places) which quantiles a field has where its record is at a place, `shared` (draws,) the
    share of the variance of p that fields have in common.
    """

    mixes: Array
    cells: Array
    kernel: Array
    shared: Array

    def by_p(self, rows: Array) -> Array:
        """(J, draws, P, n) of rows (T, n): their means at each p, over the shapes of wrong answers."""
        groups, draws = self.mixes.shape[:2]
        split = self.mixes.reshape(groups, draws, STEPS + 1, len(SHAPES))
        summed = np.einsum("jbps,psn->jbpn", split, rows.reshape(STEPS + 1, len(SHAPES), -1))
        means: Array = summed / np.maximum(split.sum(axis=3), 1e-300)[..., None]
        return means

    def by_place(self, rows: Array) -> Array:
        """(J, draws, places, n) of rows (T, n): their means over a field where its record is at a place."""
        placed: Array = self.kernel @ (self.cells @ self.by_p(rows))
        return placed


def coupled(mixes: Array, covariances: Array, pair_shares: Array) -> Coupled:
    """Populations (J, draws, T) tied so that two fields' p have the covariances (draws,).

    `pair_shares` (J, J) says how many of the pairs of fields, over which the covariance is a mean, are of which names.
    What is below 0, or above what fields of equal rank have, is taken as that.
    """
    of_p = mixes.reshape(*mixes.shape[:2], STEPS + 1, len(SHAPES)).sum(axis=3)
    cells = _quantile_cells(of_p)
    means = cells @ np.linspace(0, 1, STEPS + 1)
    full = _covariance(means, pair_shares)
    shared = np.clip(np.divide(covariances, full, out=np.zeros_like(full), where=full > 1e-9), 0, 1)
    return Coupled(mixes, cells, _kernels(means, shared, full, pair_shares), shared)


def _quantile_cells(of_p: Array) -> Array:
    """(J, draws, places, P) which p lie in each of the equal parts of a population ordered by p; rows sum to 1."""
    above = np.cumsum(of_p, axis=2)
    above /= above[:, :, -1:]
    below = np.concatenate([np.zeros_like(above[:, :, :1]), above[:, :, :-1]], axis=2)
    edges = np.linspace(0, 1, PLACES + 1)[:, None]
    inside = np.minimum(above[:, :, None], edges[1:]) - np.maximum(below[:, :, None], edges[:-1])
    cells: Array = np.clip(inside, 0, None) * PLACES
    return cells


def _covariance(means: Array, pair_shares: Array) -> Array:
    """(draws,) of the p of two fields, where `means` (J, draws, places) are theirs at each place."""
    centred = means - means.mean(axis=2, keepdims=True)
    found: Array = np.einsum("jbq,kbq,jk->b", centred, centred, pair_shares, optimize=True) / PLACES
    return found


def _kernels(means: Array, shared: Array, full: Array, pair_shares: Array) -> Array:
    own = np.full((PLACES, PLACES), 1 / PLACES)
    s = np.sqrt(shared)[:, None, None]
    kernels: Array = s * np.eye(PLACES) + (1 - s) * own
    copulas = _copula(_RHOS)
    reached = np.array([_covariance(means @ kernel.T, pair_shares) for kernel in copulas])
    reached = np.maximum.accumulate(reached / np.maximum(full, 1e-9), axis=0)
    for draw in range(0, len(shared), 2):
        rho = np.interp(shared[draw], reached[:, draw], _RHOS)
        kernels[draw] = _copula(np.array([rho]))[0]
    return kernels


def _copula(rho: Array) -> Array:
    """(R, places, places) the chance of each quantile of a field where the record's normal score is at a place."""
    edges = ndtri(np.linspace(0, 1, PLACES + 1))
    score = ndtri((np.arange(PLACES) + 0.5) / PLACES)
    root, left = np.sqrt(rho)[:, None, None], np.sqrt(1 - rho)[:, None, None]
    below = ndtr((edges - root * score[:, None]) / left)
    kernel: Array = np.diff(below, axis=2)
    return kernel
