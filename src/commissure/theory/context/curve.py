"""How the quality of one long call falls with its length: a logistic in log length, fitted to published points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from scipy.optimize import least_squares

from commissure.hal.errors import UsageError, unknown
from commissure.theory.context.published import find, published

# Half-lengths and steepness that a fit may find: a shorter half than any window, a cliff steeper than any published.
_HALF, _STEEP = (256.0, 1e8), (0.2, 12.0)
_PARAMETERS = 4
# RULER's threshold: Llama-2-7B's score at 4k (arXiv 2404.06654).
EFFECTIVE = 85.6
# Of the base score: what NoLiMa still calls effective (arXiv 2502.05167).
NOLIMA_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Curve:
    """q(L) = floor + (top - floor) / (1 + (L / half)^steep); qualities from 0 to 1, lengths in tokens."""

    top: float
    floor: float
    half: float
    steep: float

    def at(self, tokens: float) -> float:
        """The quality at a length."""
        if tokens <= 0:
            return self.top
        return float(self.floor + (self.top - self.floor) / (1.0 + (tokens / self.half) ** self.steep))

    def scaled(self, factor: float) -> Curve:
        """The same fall, this many times as far out."""
        return Curve(self.top, self.floor, self.half * factor, self.steep)


@dataclass(frozen=True, slots=True)
class Fit:
    """A curve, its mean absolute error at the points it was fitted to, and at each left out in turn, in points of 100.

    The second is what the curve foretells; it is None where there are too few points to leave one out.
    """

    curve: Curve
    error: float
    left_out_error: float | None


def fit(scores: Mapping[int, float]) -> Fit:
    """The least-squares curve of scores in percent by length. Raises UsageError for no points."""
    if not scores:
        raise UsageError("a curve needs at least one published point")
    curve = _fitted(scores)
    return Fit(curve, _error(curve, scores), _left_out(scores))


@cache
def fit_of(model: str, demand: str, source: str) -> Fit | None:
    """The fit of a model's published series, None where none was published."""
    series = find(model, demand, source)
    return None if series is None else fit(series.scores)


@cache
def curve_for(model: str, demand: str, source: str, like: str = "gpt-5") -> Curve:
    """The curve of a model's own series, of any source; else that of `like`, scaled by how far RULER says it reads.

    A model without a line in RULER keeps the curve of `like` (assumed). Raises UsageError if `like` has no series.
    """
    for where in (source, "oolong", "rlm"):
        own = fit_of(model, demand, where)
        if own is not None:
            return own.curve
    known = next((one for where in (source, "rlm", "oolong") if (one := fit_of(like, demand, where))), None)
    if known is None:
        raise UsageError(f"no series of {like!r} with {demand} demand was published")
    return known.curve.scaled(_reach(model))


def effective_tokens(scores: Mapping[int, float], threshold: float = EFFECTIVE) -> float:
    """The length up to which the score passes a threshold, RULER's by default; between points by the log of the length.

    The shortest of the lengths where even that one fails, the longest where none does.
    """
    lengths = sorted(scores)
    if scores[lengths[0]] < threshold:
        return float(lengths[0])
    for near, far in pairwise(lengths):
        if scores[far] < threshold <= scores[near]:
            part = (scores[near] - threshold) / (scores[near] - scores[far])
            return float(np.exp(np.log(near) + part * (np.log(far) - np.log(near))))
    return float(lengths[-1])


def reach_beside(model: str, other: str) -> float:
    """How far a model reads for each token that the other does, by NoLiMa: a second opinion on what RULER says.

    Effective is what scores 85 % of the base score (arXiv 2502.05167). Raises UsageError for a model without a line.
    """
    found = published().nolima
    for name in (model, other):
        if name not in found:
            raise unknown("model of NoLiMa", name, found)
    one, two = (effective_tokens(found[name].scores, NOLIMA_SHARE * found[name].base) for name in (model, other))
    return one / two


def _reach(model: str) -> float:
    """How far a model reads, as a part of the longest context of RULER; 1 where it is not known."""
    scores = published().ruler.get(model)
    return 1.0 if scores is None else effective_tokens(scores) / max(scores)


def _fitted(scores: Mapping[int, float]) -> Curve:
    lengths = np.array(sorted(scores), dtype=float)
    seen = np.array([scores[int(one)] / 100 for one in lengths])
    if np.ptp(seen) == 0:
        return Curve(float(seen[0]), float(seen[0]), float(lengths[-1]), 1.0)

    def off(given: np.ndarray) -> np.ndarray:
        top, floor, half, steep = given
        return np.asarray(floor + (top - floor) / (1 + (lengths / np.exp(half)) ** steep) - seen)

    bounds = ([0.0, 0.0, np.log(_HALF[0]), _STEEP[0]], [1.0, 1.0, np.log(_HALF[1]), _STEEP[1]])
    starts = [
        np.array([max(seen), min(seen), np.log(half), steep]) for half in (8e3, 2e4, 6e4, 2e5) for steep in (1.0, 3.0)
    ]
    best = min((least_squares(off, np.clip(one, *bounds), bounds=bounds) for one in starts), key=lambda one: one.cost)
    top, floor, half, steep = best.x
    return Curve(float(top), float(floor), float(np.exp(half)), float(steep))


def _error(curve: Curve, scores: Mapping[int, float]) -> float:
    return float(np.mean([abs(100 * curve.at(length) - score) for length, score in scores.items()]))


def without_each(scores: Mapping[int, float]) -> dict[int, Curve]:
    """By length: the curve of all points but that one. Raises UsageError for fewer than two points."""
    if len(scores) < 2:
        raise UsageError(f"one point is left out of two or more, not of {len(scores)}")
    return {out: _fitted({length: one for length, one in scores.items() if length != out}) for out in scores}


def _left_out(scores: Mapping[int, float]) -> float | None:
    if len(scores) <= _PARAMETERS:
        return None
    found = without_each(scores)
    return float(np.mean([abs(100 * found[out].at(out) - score) for out, score in scores.items()]))
