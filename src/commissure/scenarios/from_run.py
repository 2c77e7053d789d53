"""Calibrate profiles from a recorded live run, and say how much better they tell it than the old ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from commissure.hal.errors import UsageError, unknown
from commissure.hal.fit.fitted import RunFit
from commissure.hal.fit.hosted_fit import fit_hosted
from commissure.hal.fit.step_fit import fit_steps
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import CallRecord, read_calls
from commissure.hal.profiles.profile import Profile
from commissure.scenarios.legs import LegSummary, run_leg
from commissure.scenarios.runfolder import read_part, read_summary
from commissure.scenarios.scenario import find_scenario

FAILED = "failed:"


class RunManifest(BaseModel):
    """What manifest.json must say of a run for its calls to be of use."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    worlds: tuple[str, ...]
    fleet: tuple[EndpointSpec, ...]
    profiles: Mapping[str, Profile]


@dataclass(frozen=True, slots=True)
class LiveRun:
    """The live calls of a run folder, and the fleet that they were made on as it was known then."""

    folder: Path
    fleet: Fleet
    calls: tuple[CallRecord, ...]


@dataclass(frozen=True, slots=True)
class LegError:
    """A leg's time, and what sim says of it with the old profiles and with the new ones, in seconds."""

    scenario: str
    policy: str
    settings: Mapping[str, Any]
    measured_s: float
    before_s: float
    after_s: float

    @property
    def before(self) -> float:
        """|predicted / measured - 1| with the old profiles."""
        return abs(self.before_s / self.measured_s - 1.0)

    @property
    def after(self) -> float:
        """|predicted / measured - 1| with the new profiles."""
        return abs(self.after_s / self.measured_s - 1.0)


@dataclass(frozen=True, slots=True)
class FromRun:
    """The fits by endpoint, why others were not fitted, and the legs simulated again."""

    fits: Mapping[str, RunFit]
    left_out: Mapping[str, str]
    legs: tuple[LegError, ...]

    def values(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "endpoints": {
                name: {
                    "calls": one.calls, "held_out_calls": one.held_out_calls, "coefficients": dict(one.coefficients),
                    "held_out_errors": dict(one.held_out_errors), "error_before": one.before, "error_after": one.after,
                    "notes": list(one.notes),
                }
                for name, one in self.fits.items()
            },
            "legs": [asdict(leg) | {"error_before": leg.before, "error_after": leg.after} for leg in self.legs],
            "left_out": dict(self.left_out),
        }  # fmt: skip


def read_live(folder: Path) -> LiveRun:
    """The live calls of a run folder. Raises UsageError if there are none, or it is not the folder of a run."""
    manifest = read_part(folder, "manifest.json", RunManifest)
    calls = read_calls(folder / "calls.jsonl")
    live = tuple(call for call in calls if _is_live(call, manifest.worlds))
    if not live:
        what = f"its {len(calls)} calls are simulated" if calls else "it has no calls"
        raise UsageError(f"{folder}: {what}: profiles are calibrated from what was measured (--world live)")
    return LiveRun(folder, Fleet(manifest.fleet, manifest.profiles), live)


def calibrate_from(run: LiveRun, endpoint: str | None = None) -> FromRun:
    """Fit the profile of each endpoint, or of one, and simulate the legs again.

    Raises UsageError if the endpoint is unknown, or none can be fitted.
    """
    if endpoint is not None and endpoint not in run.fleet.profiles:
        raise unknown("endpoint of the run", endpoint, run.fleet.profiles)
    fits: dict[str, RunFit] = {}
    left_out: dict[str, str] = {}
    for name in run.fleet.profiles if endpoint is None else [endpoint]:
        try:
            fits[name] = _fit(run, name)
        except UsageError as error:
            left_out[name] = str(error)
    if not fits:
        raise UsageError("\n".join(f"{run.folder}: endpoint {name!r}: {why}" for name, why in left_out.items()))
    new = run.fleet.with_profiles({name: found.profile for name, found in fits.items()})
    return FromRun(fits, left_out, tuple(_leg_errors(run, new)))


def _fit(run: LiveRun, name: str) -> RunFit:
    profile = run.fleet.profiles[name]
    calls = [call for call in run.calls if call.endpoint == name]
    now = datetime.now(UTC)
    source = f"fitted by commissure calibrate --from-run to {len(calls)} calls of {run.folder.name}"
    if profile.step is not None:
        (engine,) = (spec.engine for spec in run.fleet.specs if spec.name == name)
        return fit_steps(profile, calls, source, now.date(), engine)
    if profile.hosted is not None:
        return fit_hosted(profile, calls, source, now.date())
    raise UsageError("its profile has neither [step] nor [hosted]: there is nothing to fit")


def _is_live(call: CallRecord, worlds: Sequence[str]) -> bool:
    """Legs are named world/policy/...; a trace that was sent to real endpoints has no leg of a name."""
    measured = call.leg.startswith("live/") or (not call.leg and list(worlds) == ["live"])
    return measured and call.timing != "sim" and not call.finish.startswith(FAILED)


def _leg_errors(run: LiveRun, new: Fleet) -> list[LegError]:
    try:
        legs = read_summary(run.folder).legs
    except UsageError:
        return []  # not of a scenario, or no leg has ended: there are only calls to compare
    return [_leg_error(leg, run.fleet, new) for leg in legs if leg.world == "live" and leg.time_s > 0]


def _leg_error(leg: LegSummary, old: Fleet, new: Fleet) -> LegError:
    scenario = find_scenario(leg.scenario)
    settings = scenario.settings.model_validate(leg.settings)
    before, after = (run_leg(scenario, settings, fleet, leg.policy, "sim", leg.seed).time_s for fleet in (old, new))
    return LegError(leg.scenario, leg.policy, leg.settings, leg.time_s, before, after)
