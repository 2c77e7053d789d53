"""Run a scenario under several policies in several worlds, into one run folder: predict first, then measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from commissure.hal.connect import require
from commissure.hal.fleet import Fleet
from commissure.hal.journal import CallRecord, Journal
from commissure.scenarios.calibration import CALLS, calibrate_fleet
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.run import World
from commissure.scenarios.runfolder import RunFolder, manifest_of
from commissure.scenarios.scenario import Scenario, parse_settings

Advance = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run. Every leg is one variant of the settings under one policy in one world."""

    scenario: Scenario
    fleet: Fleet
    worlds: Sequence[World]
    policies: Sequence[str]
    variants: Sequence[BaseModel]
    seed: int

    @property
    def steps(self) -> int:
        """The number of calls to come, calibration included, for a progress bar."""
        calls = sum(self.scenario.expected_calls(settings, self.seed) for settings in self.variants)
        calibrated = sum(spec.calibrate for spec in self.fleet.specs) if "live" in self.worlds else 0
        return calls * len(self.policies) * len(self.worlds) + calibrated * CALLS


def make_plan(
    scenario: Scenario,
    fleet: Fleet,
    worlds: Sequence[World],
    policies: Sequence[str],
    seed: int,
    changes: Mapping[str, str],
    *,
    all_variants: bool,
) -> Plan:
    """Check everything that can be checked before anything runs. Raises UsageError."""
    parse_settings(scenario, changes)  # a bad key is the user's, whatever the variant
    variants = scenario.variants if all_variants else ({},)
    chosen = [
        parse_settings(scenario, {key: str(value) for key, value in variant.items()} | dict(changes))
        for variant in variants
        if _is_wanted(variant, changes)
    ]
    plan = Plan(scenario, fleet, worlds, policies, chosen, seed)
    if "live" in worlds:
        for spec in fleet.specs:
            require(spec)
    for settings in chosen:
        for policy in policies:
            scenario.fleet(fleet, settings, policy, seed)
    return plan


def execute(plan: Plan, root: Path, advance: Advance = lambda what: None) -> tuple[RunFolder, list[LegSummary]]:
    """Run all legs into a new run folder; what has ended is in it even if a later leg fails."""
    fleet, fits = plan.fleet, None
    manifest = manifest_of(plan.scenario.name, plan.worlds, plan.policies, fleet)
    manifest["settings"] = [settings.model_dump() for settings in plan.variants]
    folder = RunFolder.create(root, plan.scenario.name, plan.seed, manifest)
    legs: list[LegSummary] = []
    with folder.journal() as journal:
        if "live" in plan.worlds:
            fleet, fits = calibrate_fleet(fleet, lambda: advance("calibrating"))
        for settings in plan.variants:
            for policy in plan.policies:
                legs.extend(_legs(plan, fleet, settings, policy, journal, advance))
                folder.save(legs, fits, complete=False)
    folder.save(legs, fits, complete=True)
    return folder, legs


def _legs(
    plan: Plan, fleet: Fleet, settings: BaseModel, policy: str, journal: Journal, advance: Advance
) -> list[LegSummary]:
    """The legs of one policy: the simulated first, as the prediction of the live one."""
    scenario, seed = plan.scenario, plan.seed

    def on_call(record: CallRecord) -> None:
        journal.append(record)
        advance(record.leg)

    predicted = run_leg(scenario, settings, fleet, policy, "sim", seed, on_call if "sim" in plan.worlds else _ignore)
    legs = [summarise(scenario, settings, policy, predicted)] if "sim" in plan.worlds else []
    if "live" in plan.worlds:
        measured = run_leg(scenario, settings, fleet, policy, "live", seed, on_call)
        legs.append(summarise(scenario, settings, policy, measured, predicted.time_s))
    return legs


def _ignore(record: CallRecord) -> None:
    pass


def _is_wanted(variant: Mapping[str, Any], changes: Mapping[str, str]) -> bool:
    """Whether the user's changes leave this variant what it is: its first key tells it from the others."""
    switch = next(iter(variant), "")
    return switch not in changes or changes[switch] == str(variant[switch])
