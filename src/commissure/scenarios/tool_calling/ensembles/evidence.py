"""What claims are judged by: the newest live run of enough records, else the recorded one that the package brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from commissure.hal.errors import MissingExtra, UsageError
from commissure.scenarios.tool_calling.ensembles.answers import Answers
from commissure.scenarios.tool_calling.ensembles.best import Best, best_of
from commissure.scenarios.tool_calling.ensembles.measures import Measures
from commissure.scenarios.tool_calling.ensembles.panel import Panel, panel_of
from commissure.scenarios.tool_calling.ensembles.recorded import Line, Recorded, recorded
from commissure.scenarios.tool_calling.ensembles.rows import outcomes
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.ensembles.ways import FEWER, GREEDY
from commissure.scenarios.tool_calling.records.bfcl import BFCL_FAMILIES
from commissure.scenarios.tool_calling.records.chosen import halves
from commissure.scenarios.tool_calling.records.families import records_of
from commissure.scenarios.tool_calling.records.record import Record

SCENARIO_NAME = "tool-calls"
ENOUGH, N = 150, 8
"""Records, and candidates of each member for each: a run with fewer is no evidence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best ensemble of each member, and where it comes from."""

    best: tuple[Best, ...]
    inputs: Mapping[str, Any] = field(hash=False)


def evidence(measured: Sequence[Mapping[str, Any]]) -> Evidence:
    """From flat summaries of earlier live legs, oldest first, or from the package's recorded run."""
    runs = [one for one in measured if _counts(one)]
    if not runs:
        return _recorded()
    newest = runs[-1]
    found = Measures.model_validate(newest["ensembles"])
    inputs = {"run": newest["run_dir"], "records": found.records, "settings": newest["settings"]}
    return Evidence(tuple(one.best for one in found.members.values() if one.best is not None), inputs)


def _counts(leg: Mapping[str, Any]) -> bool:
    if (leg["scenario"], leg["world"]) != (SCENARIO_NAME, "live") or leg["policy"] in FEWER:
        return False
    try:
        settings = Settings.model_validate(leg["settings"])
        Measures.model_validate(leg.get("ensembles"))
    except (ValidationError, UsageError):  # of another version
        return False
    return settings.records >= ENOUGH and settings.n == N


def _recorded() -> Evidence:
    kept = recorded()
    records = _records(kept)
    panels = {model: _panel(kept, model, records) for model in kept.models}
    every = {model: outcomes(panel) for model, panel in panels.items()}
    # Written smallest first.
    larger = next(one for one in every[kept.models[-1]] if one.policy == GREEDY)
    test = {record.id for record in halves(records)[1]}
    best = []
    for model, found in every.items():
        chosen = [record.id in test for record in panels[model].records]
        other = None if model == kept.models[-1] else larger
        one = best_of(found, chosen, other, kept.note.seed)
        if one is not None:
            best.append(one)
    inputs = {"recorded": kept.note.date, "records": len(records), "seed": kept.note.seed, **kept.note.settings}
    return Evidence(tuple(best), inputs)


def _records(kept: Recorded) -> tuple[Record, ...]:
    """Those that every model was asked; without those whose data is not installed."""
    settings = Settings.model_validate(kept.note.settings)
    try:
        every = records_of(settings.family_list, settings.records, kept.note.seed)
    except MissingExtra:
        own = [name for name in settings.family_list if name not in BFCL_FAMILIES]
        share = settings.records * len(own) // len(settings.family_list)
        every = records_of(own, share, kept.note.seed)
    return tuple(one for one in every if all((model, one.id) in kept.lines for model in kept.models))


def _panel(kept: Recorded, model: str, records: Sequence[Record]) -> Panel:
    lines: list[Line] = [kept.lines[model, record.id] for record in records]
    return panel_of(model, records, [Answers(greedy=one.greedy, candidates=one.candidates) for one in lines])
