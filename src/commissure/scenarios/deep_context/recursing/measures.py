"""What a run of oolong is worth: scores with intervals, by family; money and seconds, with what the slowest took."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from commissure.scenarios.deep_context.questions.baselines import baselines
from commissure.scenarios.deep_context.recursing.result import Result
from commissure.scenarios.deep_context.recursing.tasks import Asked
from commissure.theory.intervals import mean_interval

Spread = tuple[float, float, float]


class FamilyScore(BaseModel):
    """Of the questions of a family."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    questions: int
    score: Spread
    chance: float
    usd: float
    wall_s: float
    calls: float


class Measures(BaseModel):
    """Of a run. Spreads are a mean and its 95 % interval; `p95` is of the questions, `overlap` of calls at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delegation: str
    questions: int
    whole: int
    score: Spread
    chance: float
    usd: Spread
    usd_p95: float
    wall_s: Spread
    wall_s_p95: float
    calls: float
    tokens: float
    overlap: float
    efficiency: float
    baselines: dict[str, float]
    families: tuple[FamilyScore, ...]
    results: tuple[Result, ...]


def measures_of(asked: Asked, results: Sequence[Result], delegation: str, seed: int) -> Measures:
    """All of it, beside what is scored without reading."""
    wall_s = [one.wall_s for one in results]
    families = list(dict.fromkeys(one.family for one in results))
    return Measures(
        delegation=delegation,
        questions=len(results),
        whole=sum(one.complete for one in results),
        score=_spread([one.score for one in results], seed),
        chance=_mean([one.chance for one in results]),
        usd=_spread([one.usd for one in results], seed),
        usd_p95=_p95([one.usd for one in results]),
        wall_s=_spread(wall_s, seed),
        wall_s_p95=_p95(wall_s),
        calls=_mean([one.calls for one in results]),
        tokens=_mean([one.tokens for one in results]),
        overlap=sum(one.call_s for one in results) / sum(wall_s) if sum(wall_s) else 0.0,
        efficiency=_mean([one.efficiency for one in results]),
        baselines=baselines([(asked.window, one) for one in asked.questions]),
        families=tuple(_family(name, [one for one in results if one.family == name], seed) for name in families),
        results=tuple(results),
    )


def _family(name: str, results: Sequence[Result], seed: int) -> FamilyScore:
    return FamilyScore(
        family=name,
        questions=len(results),
        score=_spread([one.score for one in results], seed),
        chance=_mean([one.chance for one in results]),
        usd=_mean([one.usd for one in results]),
        wall_s=_mean([one.wall_s for one in results]),
        calls=_mean([one.calls for one in results]),
    )


def _spread(values: Sequence[float], seed: int) -> Spread:
    found = mean_interval(values, seed=seed)
    return found.mean, found.low, found.high


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _p95(values: Sequence[float]) -> float:
    return float(np.quantile(values, 0.95))
