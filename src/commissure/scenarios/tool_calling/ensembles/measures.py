"""What a run of tool-calls is worth: policies, curves against n, predictions, calibration, pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.policies.ensemble.diversity import build_diversity
from commissure.policies.ensemble.selectors import build_selector
from commissure.scenarios.tool_calling.ensembles.best import Best, best_of
from commissure.scenarios.tool_calling.ensembles.curves import agreement
from commissure.scenarios.tool_calling.ensembles.families import FamilyRow, by_family
from commissure.scenarios.tool_calling.ensembles.foretold import Chances, Foretold, chances
from commissure.scenarios.tool_calling.ensembles.measured import Calibration, Measured, calibration, measured
from commissure.scenarios.tool_calling.ensembles.members import larger_of, parameters_b
from commissure.scenarios.tool_calling.ensembles.pace import Pace, pace_of
from commissure.scenarios.tool_calling.ensembles.panel import Panel, mixed, panel_of
from commissure.scenarios.tool_calling.ensembles.program import Said
from commissure.scenarios.tool_calling.ensembles.rows import Outcome, Row, outcomes, rows
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.ensembles.valid import Valid, valid
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, MIXED, Way
from commissure.scenarios.tool_calling.records.chosen import halves
from commissure.scenarios.tool_calling.records.record import Record


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
        pace=pace_of(said, value_of(profile.usd_per_hour) / 3600, seed),
        plurality=measured(panel, Way("plurality", build_selector("plurality"), way.stopping), seed),
        per_field=measured(panel, Way("per_field", build_selector("per_field"), way.stopping), seed),
        own=measured(panel, way, seed),
        foretold=said.foretold,
        chances=chances(panel.name, panel.records, said.pilots) if said.pilots else None,
        calibration=calibration(panel, way),
        best=best_of(found, test, against, seed),
    )
