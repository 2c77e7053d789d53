"""The legs of a run, one after another: simulated, then predicted, then measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.journal import CallRecord, FailureRecord, Journal
from commissure.hal.kept import Kept
from commissure.hal.profiles.profile import Profile
from commissure.scenarios.calibration import FitReport, calibrate_fleet, probe_fleet, step_times
from commissure.scenarios.earlier import Earlier
from commissure.scenarios.legs import LegSummary, leg_name, run_leg, summarise
from commissure.scenarios.plan import Done, Plan
from commissure.scenarios.run import Run, World
from commissure.scenarios.runfolder import RunFolder
from commissure.scenarios.scenario import Resumable

Advance = Callable[[str], None]


class Course:
    """Runs legs under one calibration, so that all simulated ones compare."""

    def __init__(self, plan: Plan, folder: RunFolder, journal: Journal, advance: Advance, done: Done) -> None:
        self._plan = plan
        self._folder = folder
        self._journal = journal
        self._advance = advance
        self._fleet = plan.fleet
        self.fits: dict[str, FitReport] | None = done.calibration
        self.calibrated: dict[str, Profile] | None = done.calibrated
        # What was found just now need not be probed.
        self._now: Fleet | None = None
        # Of the leg that was under way, which is the first to come.
        self._earlier = done.earlier
        if self.calibrated is not None:
            self._fleet = plan.fleet.with_profiles(self.calibrated)
        elif any(world == "live" for _, _, world in plan.legs[len(done.legs) :]):
            self._fleet, self.fits = calibrate_fleet(plan.fleet, self._tick)
            self.calibrated = {name: self._fleet.profiles[name] for name in self.fits}
            self._now = self._fleet

    def run_leg(self, settings: BaseModel, policy: str, world: World) -> LegSummary:
        """The next leg. Of a live one the time is predicted from the machine's speed just before it."""
        earlier, self._earlier = self._earlier, Earlier()
        if world == "live":
            return self._measured(settings, policy, earlier)
        plan = self._plan
        simulated = run_leg(
            plan.scenario, settings, self._fleet, policy, "sim", plan.seed, self._keep,
            on_failure=self._keep_failure, on_step=self._folder.note_step, recording=plan.recording,
        )  # fmt: skip
        return summarise(plan.scenario, settings, policy, simulated)

    def _measured(self, settings: BaseModel, policy: str, earlier: Earlier) -> LegSummary:
        plan, now = self._plan, self._now or probe_fleet(self._fleet, self._tick)
        self._now = None
        predicted = run_leg(plan.scenario, settings, now, policy, "sim", plan.seed)
        with self._kept(settings, policy) as kept:
            measured = run_leg(
                plan.scenario, settings, now, policy, "live", plan.seed, self._keep,
                on_failure=self._keep_failure, on_step=self._folder.note_step,
                record=self._folder.path if plan.record else None, kept=kept, earlier=None if kept is None else earlier,
            )  # fmt: skip
        predicted_s = predicted.time_s if same_work(predicted, measured) else None
        return summarise(plan.scenario, settings, policy, measured, predicted_s, step_times(now))

    @contextmanager
    def _kept(self, settings: BaseModel, policy: str) -> Iterator[Kept | None]:
        """The finished work of a live leg; None of a scenario that keeps none, and where a recording must be whole."""
        plan = self._plan
        if not isinstance(plan.scenario, Resumable) or plan.record:
            yield None
            return
        leg = leg_name(plan.scenario, settings, policy, "live")
        with Journal(self._folder.kept) as journal:
            yield Kept.of(self._folder.kept, leg, journal)

    def _keep(self, record: CallRecord) -> None:
        self._journal.append(record)
        self._advance(record.leg)

    def _keep_failure(self, record: FailureRecord) -> None:
        self._folder.note_failure(record)

    def _tick(self) -> None:
        self._advance("calibrating")


def same_work(predicted: Run, measured: Run) -> bool:
    """Whether what was predicted is what was done: a model whose answers end by themselves may say more, or less."""
    return sum(call.output_tokens for call in predicted.calls) == sum(call.output_tokens for call in measured.calls)
