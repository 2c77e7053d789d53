"""Whether confidences keep what they promise: reliability by bins, calibration error, Brier score and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence is from `low` to `high`: how many, how sure they are, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidences against outcomes.

    `error` is the expected calibration error, the mean over answers of |accuracy - confidence| of their bin (Naeini et
    al. 2015). `brier` is the mean of (confidence - right)^2 (Brier 1950) and equals `unreliability` - `resolution` +
    `uncertainty` + `within`: Murphy's parts (1973) of the bins' mean confidences, and what confidences add that
    differ within a bin (Stephenson et al. 2008).
    """

    bins: tuple[Bin, ...]
    error: float
    brier: float
    unreliability: float
    resolution: float
    uncertainty: float
    within: float


def reliability(confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> Reliability:
    """Of N answers, by bins of equal width over 0..1; empty bins are left out.

    Raises UsageError for no answers, for lengths that differ, and for confidences outside 0..1.
    """
    sure, hit = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    _check(sure, hit, bins)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    rows = tuple(_bin(int(one), bins, sure[place == one], hit[place == one]) for one in np.unique(place))
    share = np.array([row.count for row in rows]) / len(sure)
    mean_sure = np.array([row.confidence for row in rows])
    mean_hit = np.array([row.accuracy for row in rows])
    rate = float(hit.mean())
    brier = float(np.mean((sure - hit) ** 2))
    unreliable = float(share @ (mean_sure - mean_hit) ** 2)
    resolution = float(share @ (mean_hit - rate) ** 2)
    uncertain = rate * (1 - rate)
    error = float(share @ np.abs(mean_hit - mean_sure))
    within = brier - (unreliable - resolution + uncertain)
    return Reliability(rows, error, brier, unreliable, resolution, uncertain, within)


def _bin(place: int, bins: int, sure: npt.NDArray[np.float64], hit: npt.NDArray[np.float64]) -> Bin:
    return Bin(place / bins, (place + 1) / bins, len(sure), float(sure.mean()), float(hit.mean()))


def _check(sure: npt.NDArray[np.float64], hit: npt.NDArray[np.float64], bins: int) -> None:
    if len(sure) != len(hit) or not len(sure):
        raise UsageError(f"{len(sure)} confidences for {len(hit)} answers: one each, and at least one, are needed.")
    if bins < 1:
        raise UsageError(f"{bins} bins: at least 1 is needed.")
    if not np.all((sure >= 0) & (sure <= 1)):
        worst = float(sure[np.argmax(np.abs(sure - 0.5))])
        raise UsageError(f"a confidence of {worst:g}: it must be from 0 to 1.")
