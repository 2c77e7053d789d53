"""A policy on one member: its accuracy against the number of candidates, and how far its confidence can be trusted."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from commissure.scenarios.tool_calling.ensembles.curves import accuracy_by_n, oracle_by_n
from commissure.scenarios.tool_calling.ensembles.panel import Panel
from commissure.scenarios.tool_calling.ensembles.rows import between
from commissure.scenarios.tool_calling.ensembles.ways import Way
from commissure.theory.votes.calibration import reliability


class Measured(BaseModel):
    """A policy's accuracy against n: means over records and subsets, with 95 % intervals over records; the oracle's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    n: tuple[int, ...]
    accuracy: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    oracle: tuple[float, ...]


class Calibration(BaseModel):
    """How far a policy's confidence is the chance that it is right: bins of (confidence, share right, records)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    bins: tuple[tuple[float, float, int], ...]
    expected_error: float
    brier: float


def measured(panel: Panel, way: Way, seed: int) -> Measured:
    """Over subsets of the candidates of each size."""
    by_n, oracle = accuracy_by_n(panel, way.selector, seed), oracle_by_n(panel)
    spans = [between(column, seed) for column in by_n.values()]
    return Measured(
        policy=way.name,
        n=tuple(by_n),
        accuracy=tuple(one[0] for one in spans),
        low=tuple(one[1] for one in spans),
        high=tuple(one[2] for one in spans),
        oracle=tuple(oracle[count] for count in by_n),
    )


def calibration(panel: Panel, way: Way) -> Calibration:
    """Of the decisions on all candidates."""
    decided = panel.decided(way.selector)
    right = [score.right for score in panel.scored(decided)]
    found = reliability([one.confidence for one in decided], right)
    return Calibration(
        policy=way.name,
        bins=tuple((one.confidence, one.accuracy, one.count) for one in found.bins),
        expected_error=found.error,
        brier=found.brier,
    )
