"""From two answers to each of many questions to populations of questions that could have given them.

Two samples identify three numbers, the means over questions of p^2, of 2 p (1 - p) and of the sum of q_j^2, where p is
the probability of the right answer and q_j those of wrong ones: so the mean and the variance of p, and how often wrong
answers agree. They do not identify the rest of the distribution of p, nor on which questions the agreement is. That is
assumed: populations are drawn from a broad prior (populations.py) by how well they fit, and tilted as little as may be
to the numbers, themselves drawn anew by the Bayesian bootstrap. A band holds both the noise of the numbers and this
spread. Answers to one question are taken as independent and alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError
from commissure.theory.votes.populations import library, population_weights
from commissure.theory.votes.tilting import tilted
from commissure.theory.votes.types import pair_cells, type_grid

Array = npt.NDArray[np.float64]
CELLS = 4
DRAWS = 300
PSEUDO = 0.125
_EFFECTIVE = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question: whether each is right, and whether they are the same.

    Two right answers count as the same vote. An answer that cannot be read is wrong, and the same as no other.
    """

    first: bool
    second: bool
    same: bool

    @property
    def cell(self) -> int:
        """0 both right, 1 one right, 2 agreed and wrong, 3 wrong and different. Raises UsageError."""
        if self.first != self.second and self.same:
            raise UsageError(f"{self}: answers of which only one is right cannot be the same; give same=False.")
        if self.first and self.second:
            return 0
        return 1 if self.first or self.second else 2 if self.same else 3


def one_hot(pairs: Sequence[Pair]) -> Array:
    """(N, 4), which cell each pair is in."""
    return np.eye(CELLS)[[pair.cell for pair in pairs]]


def random_weights(questions: int, chance: np.random.Generator) -> Array:
    """(draws, N) weights of the Bayesian bootstrap over questions (Rubin 1981), that sum to N."""
    weights = chance.exponential(size=(DRAWS, questions))
    scaled: Array = weights * (questions / weights.sum(axis=1, keepdims=True))
    return scaled


def fitted_populations(counts: Array, pairs: float, ranks: Array, chance: np.random.Generator) -> Array:
    """(draws, T) weights of types of question, of populations that could have given the pairs.

    `counts` (draws, 4) are the cells' weighted counts, of `pairs` pairs. An eighth of a pair is expected in each
    beside, so that what was not seen is not impossible. `ranks` (draws,) within 0..1 say how well votes do in a draw,
    for what two samples show: the same ranks for kinds of questions that are alike in what is not known of them.
    """
    raw = counts + chance.gamma(PSEUDO, size=counts.shape)
    shares = raw / raw.sum(axis=1, keepdims=True)
    base = _plausible(counts.mean(axis=0) * pairs / counts.sum(axis=1).mean(), ranks)
    target = shares[:, : CELLS - 1]
    unit = np.eye(CELLS - 1)
    multinomial = (target[:, :, None] * unit - target[:, :, None] * target[:, None, :]) / pairs
    # The draws have the noise already: a quarter of it only lets them give way to what some population can have. A
    # share is known to half a pair at best: else a cell that was never seen would bend a population at any cost.
    noise = multinomial / 4 + (0.5 / pairs) ** 2 * unit
    return tilted(base, pair_cells(*type_grid()), target, noise)


def even_ranks(chance: np.random.Generator) -> Array:
    """(draws,) ranks over 0..1, evenly spaced, in random order."""
    ranks: Array = (chance.permutation(DRAWS) + 0.5) / DRAWS
    return ranks


def _plausible(counts: Array, ranks: Array) -> Array:
    """Populations of the prior by their likelihood, softened until enough of them have a say, at these ranks of what a
    vote of eight has beyond what the cells tell (linear regression).
    """
    parameters, cells, vote = library()
    logs = np.log(cells) @ counts
    weights = np.exp(logs - logs.max())
    soft = 1.0
    while weights.sum() ** 2 / (weights**2).sum() < _EFFECTIVE:
        soft *= 0.8
        weights = np.exp(soft * (logs - logs.max()))
    root = np.sqrt(weights)
    beyond = vote - cells @ np.linalg.lstsq(cells * root[:, None], vote * root, rcond=None)[0]
    order = np.argsort(beyond)
    reached = np.cumsum(weights[order]) / weights.sum()
    picked = np.minimum(np.searchsorted(reached, ranks), len(order) - 1)
    return population_weights(parameters[order[picked]])
