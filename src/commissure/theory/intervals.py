"""Intervals of measured means: percentile bootstrap over records, paired where two are compared, and Wilson's."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from commissure.hal.errors import UsageError

_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval, in the unit of what was measured."""

    mean: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def paired_interval(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    seed: int | np.random.Generator,
    resamples: int = 10_000,
    level: float = 0.95,
) -> Interval:
    """The mean of `first` less that of `second`, each (N,) of the same N records in the same order.

    Percentile interval of the paired bootstrap over records (Efron and Tibshirani 1993, chapter 13). Raises UsageError
    for lengths that differ, for no records, and for values that are not finite.
    """
    ours, theirs = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if ours.shape != theirs.shape:
        raise UsageError(f"pairing needs the same records on both sides; given {len(ours)} and {len(theirs)}.")
    return mean_interval(ours - theirs, seed=seed, resamples=resamples, level=level)


def mean_interval(
    values: npt.ArrayLike, *, seed: int | np.random.Generator, resamples: int = 10_000, level: float = 0.95
) -> Interval:
    """The mean of `values` (N,), one a record, and its percentile bootstrap interval. Raises UsageError."""
    measured = np.asarray(values, dtype=float)
    _check(measured, resamples, level)
    chance, size = generator(seed), len(measured)
    rows = max(1, _AT_ONCE // size)
    means = np.concatenate(
        [
            measured[chance.integers(size, size=(min(rows, resamples - done), size))].mean(axis=1)
            for done in range(0, resamples, rows)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(measured.mean()), float(low), float(high))


def wilson_interval(right: int, n: int, *, level: float = 0.95) -> Interval:
    """The share right / n with the score interval of Wilson (1927). Raises UsageError."""
    if not 0 <= right <= n or n < 1:
        raise UsageError(f"{right} right of {n}: n must be at least 1, and right from 0 to n.")
    _check_level(level)
    z = float(ndtri((1 + level) / 2))
    share = right / n
    middle, scale = share + z * z / (2 * n), 1 + z * z / n
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def _check(measured: npt.NDArray[np.float64], resamples: int, level: float) -> None:
    if measured.ndim != 1 or not len(measured):
        raise UsageError(f"an interval needs one value a record and at least one record: given shape {measured.shape}.")
    if not np.isfinite(measured).all():
        raise UsageError("an interval needs finite values: leave records out that were not measured, on both sides.")
    if resamples < 1:
        raise UsageError(f"{resamples} resamples: at least 1 is needed, 10,000 is usual.")
    _check_level(level)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise UsageError(f"level {level:g}: it is a probability within 0..1, as 0.95.")


def generator(seed: int | np.random.Generator) -> np.random.Generator:
    """Of any whole number, those below 0 among them, of which numpy takes none as a seed."""
    return np.random.default_rng([1, -seed] if isinstance(seed, int) and seed < 0 else seed)
