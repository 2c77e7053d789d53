"""A row of a sweep: one combination, its measures over the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from commissure.scenarios.sweep.leg import Ended
from commissure.theory.intervals import mean_interval

# Of so few seeds there are few different means; more resamples change nothing that is shown.
RESAMPLES = 2000


class Statistic(BaseModel):
    """A measure over `seeds` seeds: its mean and 95 % interval, None of one seed, which says nothing of the spread."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    low: float | None = None
    high: float | None = None
    seeds: int


class Row(BaseModel):
    """A combination: what of it is swept, and its measures; `failed` says why there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    settings: dict[str, Any]
    fleet: str
    policy: str
    measures: dict[str, Statistic] = {}
    failed: str | None = None


def aggregate(ended: Sequence[Ended]) -> tuple[dict[str, Statistic], str | None]:
    """The measures over the seeds of a combination, in any order; or none of them, and why its first seed failed."""
    ordered = sorted(ended, key=lambda one: one.seed)
    failed = next((one for one in ordered if one.failed is not None), None)
    if failed is not None:
        return {}, f"seed {failed.seed}: {failed.failed}"
    names = dict.fromkeys(name for one in ordered for name in one.values)
    found = {name: statistic([one.values[name] for one in ordered if name in one.values]) for name in names}
    return found | _whole(ordered), None


def statistic(values: Sequence[float]) -> Statistic:
    """Mean and percentile bootstrap interval over seeds (theory/intervals.py)."""
    if len(values) < 2:
        return Statistic(mean=values[0], seeds=1)
    if min(values) == max(values):
        return Statistic(mean=values[0], low=values[0], high=values[0], seeds=len(values))
    found = mean_interval(values, seed=0, resamples=RESAMPLES)
    return Statistic(mean=found.mean, low=found.low, high=found.high, seeds=len(values))


def _whole(ordered: Sequence[Ended]) -> dict[str, Statistic]:
    """The 95th percentile of the legs' seconds, over seeds; it has no interval of its own."""
    times = [one.values["time_s"] for one in ordered if "time_s" in one.values]
    return {"time_p95_s": Statistic(mean=float(np.quantile(times, 0.95)), seeds=len(times))} if times else {}
