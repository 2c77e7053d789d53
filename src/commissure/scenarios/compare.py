"""Run a scenario under several policies in several worlds, into one run folder: predict first, then measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from commissure.hal.connect import require
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.journal import CallRecord, FailureRecord, Journal
from commissure.hal.record.recording import Recording
from commissure.scenarios.calibration import CALLS, PROBE_CALLS, FitReport, calibrate_fleet, probe_fleet, step_times
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.run import Run, World
from commissure.scenarios.runfolder import RunFolder, manifest_of
from commissure.scenarios.scenario import Scenario, parse_settings

Advance = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run. Every leg is one variant of the settings under one policy in one world.

    `record`: what goes to and fro in the live leg is written into the run folder; there may be one live leg then.
    `recording`: the simulated legs replay it.
    """

    scenario: Scenario
    fleet: Fleet
    worlds: Sequence[World]
    policies: Sequence[str]
    variants: Sequence[BaseModel]
    seed: int
    record: bool = False
    recording: Recording | None = None

    @property
    def steps(self) -> int:
        """The number of calls to come, calibration included, for a progress bar."""
        legs = len(self.policies) * sum(self.scenario.expected_calls(settings, self.seed) for settings in self.variants)
        pairs = len(self.policies) * len(self.variants)
        calibrated = sum(spec.calibrate for spec in self.fleet.specs) if "live" in self.worlds else 0
        return legs * len(self.worlds) + calibrated * (CALLS + PROBE_CALLS * (pairs - 1))


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
    if "live" in worlds:
        for spec in fleet.specs:
            require(spec)
    for settings in chosen:
        for policy in policies:
            scenario.fleet(fleet, settings, policy, seed)
    return plan


def execute(plan: Plan, root: Path, advance: Advance = lambda what: None) -> tuple[RunFolder, list[LegSummary]]:
    """Run all legs into a new run folder; what has ended is in it even if a later leg fails."""
    manifest = manifest_of(plan.scenario.name, plan.worlds, plan.policies, plan.fleet)
    manifest["settings"] = [settings.model_dump() for settings in plan.variants]
    manifest["recorded"] = plan.record
    manifest["replayed_from"] = str(plan.recording.path) if plan.recording else None
    folder = RunFolder.create(root, plan.scenario.name, plan.seed, manifest)
    legs: list[LegSummary] = []
    try:
        with folder.journal() as journal:
            folder.save(legs, None, complete=False)
            course = _Course(plan, folder, journal, advance)
            for settings, policy in product(plan.variants, plan.policies):
                legs += course.run_pair(settings, policy)
                folder.save(legs, course.fits, complete=False)
        folder.save(legs, course.fits, complete=True)
        folder.rebuild()
    except BaseException as error:
        what = f"{len(legs)} legs ended: commissure report {folder.path}" if legs else f"no leg ended: {folder.path}"
        error.add_note(what)
        raise
    return folder, legs


class _Course:
    """Runs the legs of one policy after another: simulated, then predicted, then measured."""

    def __init__(self, plan: Plan, folder: RunFolder, journal: Journal, advance: Advance) -> None:
        self._plan = plan
        self._folder = folder
        self._record = folder.path if plan.record else None
        self._journal = journal
        self._advance = advance
        self._live = "live" in plan.worlds
        # One calibration for all simulated legs, so that they compare.
        self._fleet = plan.fleet
        self.fits: dict[str, FitReport] | None = None
        if self._live:
            self._fleet, self.fits = calibrate_fleet(plan.fleet, self._tick)
        self._now: Fleet | None = self._fleet

    def run_pair(self, settings: BaseModel, policy: str) -> list[LegSummary]:
        """The simulated leg and the live one, whose time is predicted from the machine's speed just before it."""
        plan, legs = self._plan, []
        if "sim" in plan.worlds:
            simulated = run_leg(
                plan.scenario, settings, self._fleet, policy, "sim", plan.seed, self._keep,
                on_failure=self._keep_failure, recording=plan.recording,
            )  # fmt: skip
            legs.append(summarise(plan.scenario, settings, policy, simulated))
        if self._live:
            now = self._now or probe_fleet(self._fleet, self._tick)
            self._now = None
            predicted = run_leg(plan.scenario, settings, now, policy, "sim", plan.seed)
            measured = run_leg(
                plan.scenario, settings, now, policy, "live", plan.seed, self._keep,
                on_failure=self._keep_failure, record=self._record,
            )  # fmt: skip
            steps = step_times(now)
            predicted_s = predicted.time_s if _same_work(predicted, measured) else None
            legs.append(summarise(plan.scenario, settings, policy, measured, predicted_s, steps))
        return legs

    def _keep(self, record: CallRecord) -> None:
        self._journal.append(record)
        self._advance(record.leg)

    def _keep_failure(self, record: FailureRecord) -> None:
        self._folder.note_failure(record)

    def _tick(self) -> None:
        self._advance("calibrating")


def _same_work(predicted: Run, measured: Run) -> bool:
    """Whether what was predicted is what was done: a model whose answers end by themselves may say more, or less."""
    return sum(call.output_tokens for call in predicted.calls) == sum(call.output_tokens for call in measured.calls)


def _is_wanted(variant: Mapping[str, Any], given: BaseModel) -> bool:
    """Whether what the user has set leaves this variant what it is: its first key tells it from the others."""
    switch = next(iter(variant), "")
    return switch not in given.model_fields_set or getattr(given, switch) == variant[switch]
