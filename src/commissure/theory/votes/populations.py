"""Random populations of questions: the broad prior of what two samples do not tell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from commissure.theory.votes.types import DIFFUSE_TAIL, EVEN_TAIL, STEPS, question_types

Array = npt.NDArray[np.float64]
LIBRARY, AT_ONCE, SEED, VOTES = 10_000, 1000, 2, 8
SMALLEST = 1e-12


def random_parameters(draws: int, chance: np.random.Generator) -> Array:
    """(draws, 9): means and precisions of two Betas of p, and their blend; of the share of the wrong mass that the
    strongest wrong value has: middle, slope over p, precision; and how much of what it leaves is even.

    Assumed, not fitted: four in five populations are one Beta, the others a blend of two; precisions a + b reach from
    all at the ends (.03) to all alike (100). The share is Beta with a mean that may rise or fall with p.
    """
    mean = chance.uniform(0.01, 0.99, size=(draws, 2))
    precision = np.exp(chance.uniform(np.log(0.03), np.log(100.0), size=(draws, 2)))
    blend = np.where(chance.random(draws) < 0.8, 1.0, chance.random(draws))
    middle, slope = chance.normal(0, 1.5, size=draws), chance.normal(0, 0.75, size=draws)
    spread = np.exp(chance.uniform(np.log(3.0), np.log(1000.0), size=draws))
    even = chance.beta(0.5, 0.5, size=draws)
    return np.column_stack([mean, precision, blend, middle, slope, spread, even])


def population_weights(parameters: Array) -> Array:
    """(draws, T) weights of the types of question in each population."""
    column = parameters.T[:, :, None]
    p = np.linspace(0, 1, STEPS + 1)
    edge = 1 / (4 * len(p))
    blend = column[4]
    of_p = blend * _beta(p, column[0], column[2], edge) + (1 - blend) * _beta(p, column[1], column[3], edge)
    top = expit(column[5] + column[6] * (p - 0.5))[:, :, None]
    spread, even = column[7][:, :, None], column[8][:, :, None]
    parts = ((DIFFUSE_TAIL, 1 - even), (EVEN_TAIL, even))
    shapes = np.concatenate([share * _beta(np.array(tops), top, spread, 0.025) for tops, share in parts], axis=2)
    weights: Array = (of_p[:, :, None] * shapes).reshape(len(parameters), -1)
    return weights


@lru_cache(maxsize=1)
def library() -> tuple[Array, Array, Array]:
    """The parameters of 10,000 populations, (10,000, 4) what two answers show in each, and (10,000,) the share that a
    plurality of eight has right; always the same.
    """
    chance = np.random.default_rng(SEED)
    parameters = random_parameters(LIBRARY, chance)
    types = question_types(VOTES)
    features = np.column_stack([types.cells, types.vote[:, -1]])
    parts = [population_weights(parameters[at : at + AT_ONCE]) @ features for at in range(0, LIBRARY, AT_ONCE)]
    cells, vote = np.concatenate(parts)[:, :-1], np.concatenate(parts)[:, -1]
    return parameters, np.column_stack([cells, np.clip(1 - cells.sum(axis=1), SMALLEST, 1)]), vote


def _beta(values: Array, mean: Array, precision: Array, edge: float) -> Array:
    """Weights of a Beta on a grid, along the last axis; the ends hold what is within `edge` of them."""
    inner = np.clip(values, edge, 1 - edge)
    logs = (mean * precision - 1) * np.log(inner) + ((1 - mean) * precision - 1) * np.log1p(-inner)
    raw = np.exp(logs - logs.max(axis=-1, keepdims=True))
    weights: Array = raw / raw.sum(axis=-1, keepdims=True)
    return weights
