"""What candidates take beside one greedy answer: time, tokens, money."""

from __future__ import annotations

from statistics import fmean, median

import numpy as np
from pydantic import BaseModel, ConfigDict

from commissure.scenarios.tool_calling.ensembles.program import Said
from commissure.scenarios.tool_calling.ensembles.rows import Between, between


class Pace(BaseModel):
    """What candidates take beside one greedy answer. Seconds are medians over records; tokens, USD and the ratio of
    seconds, record by record, are means.

    `cost_usd` of a greedy answer and of all candidates: tokens, and hire for as long as they took alone.
    `verify_s` and `verify_tokens` are what asking for verdicts took beside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    greedy_s: float
    candidates_s: float
    ratio: Between | None
    greedy_tokens: float
    candidates_tokens: float
    computed_tokens: float
    cost_usd: tuple[float, float]
    verify_s: float = 0.0
    verify_tokens: float = 0.0


def pace_of(said: Said, usd_per_s: float, seed: int) -> Pace:
    """Of one member, whose endpoint is hired at `usd_per_s` (0 where it is not)."""
    greedy, candidates = [one.greedy for one in said.answers], [one.candidates for one in said.answers]
    ratios = np.array([b.latency_s / a.latency_s for a, b in zip(greedy, candidates, strict=True) if a.latency_s > 0])
    return Pace(
        greedy_s=median(one.latency_s for one in greedy),
        candidates_s=median(one.latency_s for one in candidates),
        ratio=between(ratios, seed) if len(ratios) else None,
        greedy_tokens=fmean(one.output_tokens for one in greedy),
        candidates_tokens=fmean(one.output_tokens for one in candidates),
        computed_tokens=fmean(one.computed_tokens for one in candidates),
        cost_usd=(
            fmean(one.cost_usd + usd_per_s * one.latency_s for one in greedy),
            fmean(one.cost_usd + usd_per_s * one.latency_s for one in candidates),
        ),
        verify_s=median(one.verify_s for one in candidates),
        verify_tokens=fmean(one.verify_tokens for one in candidates),
    )
