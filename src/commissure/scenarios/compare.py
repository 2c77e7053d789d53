"""Run a scenario under several policies in several worlds, into one run folder: predict first, then measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from commissure.hal.connect import require
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.course import Advance, Course
from commissure.scenarios.legs import LegSummary, leg_name
from commissure.scenarios.plan import Done, Plan
from commissure.scenarios.run import World
from commissure.scenarios.runfolder import RunFolder, manifest_of
from commissure.scenarios.scenario import Resumable, Scenario, parse_settings


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
    if not (worlds and policies):
        raise UsageError("nothing to run: give at least one world and one policy")
    given = parse_settings(scenario, changes)  # a bad key is the user's, whatever the variant
    variants = scenario.variants if all_variants else ()
    chosen = [
        parse_settings(scenario, {key: str(value) for key, value in variant.items()} | dict(changes))
        for variant in variants
        if _is_wanted(variant, given)
    ]
    # A value that no variant has is a variant of the user's own.
    chosen = chosen or [given]
    plan = Plan(scenario, fleet, worlds, policies, chosen, seed)
    check(plan)
    return plan


def check(plan: Plan) -> None:
    """Raise UsageError if a leg cannot run here."""
    if "live" in plan.worlds:
        for spec in plan.fleet.specs:
            require(spec)
    for settings, policy in product(plan.variants, plan.policies):
        plan.scenario.fleet(plan.fleet, settings, policy, plan.seed)
    names = [leg_name(plan.scenario, *leg) for leg in plan.legs]
    if isinstance(plan.scenario, Resumable) and len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"leg {twice} comes twice, and what is kept of it could not be told apart: give it once")


def execute(plan: Plan, root: Path, advance: Advance = lambda what: None) -> tuple[RunFolder, list[LegSummary]]:
    """Run all legs into a new run folder; what has ended is in it even if a later leg fails."""
    manifest = manifest_of(plan.scenario.name, plan.worlds, plan.policies, plan.fleet)
    manifest["settings"] = [settings.model_dump(mode="json") for settings in plan.variants]
    manifest["recorded"] = plan.record
    manifest["replayed_from"] = str(plan.recording.path) if plan.recording else None
    folder = RunFolder.create(root, plan.scenario.name, plan.seed, manifest)
    with folder.locked():
        return folder, run_legs(plan, folder, Done(), advance)


def run_legs(plan: Plan, folder: RunFolder, done: Done, advance: Advance = lambda what: None) -> list[LegSummary]:
    """Run the legs that are not done into a folder that is locked; gives the summaries of all."""
    legs = list(done.legs)
    try:
        with folder.journal() as journal:
            folder.save(legs, done.calibration, complete=False, calibrated=done.calibrated)
            course = Course(plan, folder, journal, advance, done)
            for settings, policy, world in plan.legs[len(legs) :]:
                folder.save(legs, course.fits, complete=False, calibrated=course.calibrated)
                legs.append(course.run_leg(settings, policy, world))
        folder.save(legs, course.fits, complete=True, calibrated=course.calibrated)
        folder.rebuild()
    except BaseException as error:
        what = f"{len(legs)} legs ended: commissure report {folder.path}" if legs else f"no leg ended: {folder.path}"
        error.add_note(what)
        if isinstance(plan.scenario, Resumable) and not plan.record:
            error.add_note(f"it goes on with: commissure resume {folder.path}")
        raise
    return legs


def _is_wanted(variant: Mapping[str, Any], given: BaseModel) -> bool:
    """Whether what the user has set leaves this variant what it is: its first key tells it from the others."""
    switch = next(iter(variant), "")
    return switch not in given.model_fields_set or getattr(given, switch) == variant[switch]
