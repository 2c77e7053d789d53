"""The vote curve of whole answers, foretold from two answers a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError
from commissure.theory.intervals import generator
from commissure.theory.votes.two_samples import Pair, even_ranks, fitted_populations, one_hot, random_weights
from commissure.theory.votes.types import question_types

Array = npt.NDArray[np.float64]
MOST = 32
BAND = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class VoteCurve:
    """Shares of right decisions against the number of votes `n`, and their 95 % bands; all of the same length.

    `accuracy` is of the plurality, ties shared equally; `oracle` that at least one of n is right; both posterior means.
    """

    n: tuple[int, ...]
    accuracy: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    oracle: tuple[float, ...]
    oracle_low: tuple[float, ...]
    oracle_high: tuple[float, ...]


def foretell(pairs: Sequence[Pair], ns: Iterable[int] = range(1, MOST + 1), *, seed: int) -> VoteCurve:
    """The curve of n votes a question over questions such as these, from two answers to each.

    The first call of a process builds the prior, which takes a second. See two_samples for what is identified and what
    is assumed. Raises UsageError for no pairs, for contradictory ones, and for n < 1.
    """
    counts = checked(ns)
    if not pairs:
        raise UsageError("a vote curve needs the two answers of at least one question; given none.")
    chance = generator(seed)
    types, places = question_types(max(counts)), np.array(counts) - 1
    weighted = random_weights(len(pairs), chance) @ one_hot(pairs)
    weights = fitted_populations(weighted, len(pairs), even_ranks(chance), chance)
    return curve_of(counts, weights @ types.vote[:, places], weights @ types.oracle(max(counts))[:, places])


def checked(ns: Iterable[int]) -> tuple[int, ...]:
    """The numbers of votes. Raises UsageError for none, and for what is below 1."""
    counts = tuple(ns)
    if not counts or min(counts) < 1:
        raise UsageError(f"numbers of votes {list(counts)}: at least one is needed, and each must be at least 1.")
    return counts


def curve_of(counts: tuple[int, ...], accuracy: Array, oracle: Array) -> VoteCurve:
    """The means and bands of draws, each (draws, len(counts))."""
    low, high = np.quantile(accuracy, BAND, axis=0)
    oracle_low, oracle_high = np.quantile(oracle, BAND, axis=0)
    rows = (accuracy.mean(axis=0), low, high, oracle.mean(axis=0), oracle_low, oracle_high)
    return VoteCurve(counts, *(tuple(map(float, row)) for row in rows))
