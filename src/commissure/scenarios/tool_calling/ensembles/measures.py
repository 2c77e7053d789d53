"""What a run of tool-calls is worth: policies, curves against n, predictions, calibration, pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median

import numpy as np
from pydantic import BaseModel, ConfigDict

from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.policies.ensemble.diversity import build_diversity
from commissure.policies.ensemble.selectors import build_selector
from commissure.scenarios.tool_calling.ensembles.best import Best, best_of
from commissure.scenarios.tool_calling.ensembles.curves import accuracy_by_n, agreement, oracle_by_n
from commissure.scenarios.tool_calling.ensembles.families import FamilyRow, by_family
from commissure.scenarios.tool_calling.ensembles.foretold import Chances, Foretold, chances
from commissure.scenarios.tool_calling.ensembles.members import larger_of, parameters_b
from commissure.scenarios.tool_calling.ensembles.panel import Panel, mixed, panel_of
from commissure.scenarios.tool_calling.ensembles.program import Said
from commissure.scenarios.tool_calling.ensembles.rows import Between, Outcome, Row, between, outcomes, rows
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.ensembles.valid import Valid, valid
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, MIXED, Way
from commissure.scenarios.tool_calling.records.chosen import halves
from commissure.scenarios.tool_calling.records.record import Record
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


class MemberMeasures(BaseModel):
    """Of one member."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    parameters_b: float
    agreement: float
    pace: Pace
    plurality: Measured
    per_field: Measured
    own: Measured
    foretold: Foretold | None
    chances: Chances | None
    calibration: Calibration
    best: Best | None


class Measures(BaseModel):
    """Of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: int
    larger: str
    valid: Valid
    rows: tuple[Row, ...]
    families: tuple[FamilyRow, ...]
    members: dict[str, MemberMeasures]


def measures_of(
    records: Sequence[Record],
    said: Mapping[str, Said],
    profiles: Mapping[str, Profile],
    way: Way,
    settings: Settings,
    seed: int,
) -> Measures:
    """All of it, from what was said."""
    panels = {name: panel_of(name, records, one.answers) for name, one in said.items()}
    larger = larger_of(profiles.items())
    every = {name: outcomes(panel, way) for name, panel in panels.items()}
    reference = next(one for one in every[larger] if one.policy == GREEDY) if len(panels) > 1 else None
    test = set(halves(records)[1])
    chosen = [record in test for record in records]
    found = [one for those in every.values() for one in those]
    mixes = outcomes(mixed(MIXED, panels, settings.n), way) if len(panels) > 1 else []
    members = {
        name: _member(panels[name], said[name], profiles[name], every[name], chosen, reference, way, seed)
        for name in panels
    }
    return Measures(
        records=len(records),
        larger=larger,
        valid=valid(records, said, build_diversity(settings.diversity)),
        rows=tuple(rows([*found, *mixes], reference, seed)),
        families=tuple(by_family(found, [record.family for record in records])),
        members=members,
    )


def _member(
    panel: Panel, said: Said, profile: Profile, found: Sequence[Outcome], test: Sequence[bool],
    larger: Outcome | None, way: Way, seed: int,
) -> MemberMeasures:  # fmt: skip
    own_greedy = next(one for one in found if one.policy == GREEDY)
    against = None if larger is own_greedy else larger
    return MemberMeasures(
        model=profile.model,
        parameters_b=parameters_b(profile),
        agreement=agreement(panel),
        pace=_pace(said, value_of(profile.usd_per_hour) / 3600, seed),
        plurality=_measured(panel, Way("plurality", build_selector("plurality"), way.stopping), seed),
        per_field=_measured(panel, Way("per_field", build_selector("per_field"), way.stopping), seed),
        own=_measured(panel, way, seed),
        foretold=said.foretold,
        chances=chances(panel.name, panel.records, said.pilots) if said.pilots else None,
        calibration=_calibration(panel, way),
        best=best_of(found, test, against, seed),
    )


def _measured(panel: Panel, way: Way, seed: int) -> Measured:
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


def _calibration(panel: Panel, way: Way) -> Calibration:
    decided = panel.decided(way.selector)
    right = [score.right for score in panel.scored(decided)]
    found = reliability([one.confidence for one in decided], right)
    return Calibration(
        policy=way.name,
        bins=tuple((one.confidence, one.accuracy, one.count) for one in found.bins),
        expected_error=found.error,
        brier=found.brier,
    )


def _pace(said: Said, usd_per_s: float, seed: int) -> Pace:
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
