"""Calibrate the endpoints of a fleet that ask for it, before a live run is predicted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from commissure.hal.clock.live import LiveRuntime
from commissure.hal.connect import connect
from commissure.hal.fit.calibrate import CALLS_A_ROUND, ROUNDS, Fit, Sample, calibrated, fit, fitted_steps, measure
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Profile

CALLS = ROUNDS * CALLS_A_ROUND
PROBE_CALLS = CALLS_A_ROUND
Tick = Callable[[], None]


def calibrate_endpoint(spec: EndpointSpec, profile: Profile, tick: Tick = lambda: None) -> tuple[Profile, Fit]:
    """Measure a real endpoint by some 45 short calls; gives its profile with the coefficients found."""
    found = fit(_measure(spec, profile, ROUNDS, tick), *_provenance())
    return calibrated(profile, found.step), found


def calibrate_fleet(fleet: Fleet, tick: Tick = lambda: None) -> tuple[Fleet, dict[str, FitReport]]:
    """The fleet with fresh profiles for the endpoints marked `calibrate`, and what the fits say of themselves."""
    profiles, fits = {}, {}
    for spec in fleet.specs:
        if spec.calibrate:
            profiles[spec.name], found = calibrate_endpoint(spec, fleet.profiles[spec.name], tick)
            fits[spec.name] = fit_report(found)
    return fleet.with_profiles(profiles), fits


def probe_fleet(fleet: Fleet, tick: Tick = lambda: None) -> Fleet:
    """The fleet as it is at this moment, by one round of 15 calls: a shared machine's speed drifts by the minute."""
    profiles = {}
    for spec in fleet.specs:
        if spec.calibrate:
            profile = fleet.profiles[spec.name]
            profiles[spec.name] = calibrated(profile, fitted_steps(_measure(spec, profile, 1, tick), *_provenance()))
    return fleet.with_profiles(profiles)


def step_times(fleet: Fleet) -> dict[str, float]:
    """The step times of the fleet's endpoints, in seconds, by endpoint and coefficient."""
    return {
        f"{name}.{key}": value
        for name, profile in fleet.profiles.items()
        if profile.step
        for key, value in profile.step.values().items()
    }


class HeldOutErrors(BaseModel):
    """Mean |predicted / measured - 1| of calls that were held out of a fit."""

    prefill: float
    decode: float
    total: float


class FitReport(BaseModel):
    """What a fit says of itself; the coefficients in seconds."""

    calls: int
    held_out_calls: int
    coefficients: dict[str, float]
    held_out_errors: HeldOutErrors


def fit_report(found: Fit) -> FitReport:
    """A fit as plain values."""
    return FitReport(
        calls=found.calls,
        held_out_calls=found.held_out_calls,
        coefficients=found.step.values(),
        held_out_errors=HeldOutErrors(prefill=found.prefill_error, decode=found.decode_error, total=found.total_error),
    )


def _measure(spec: EndpointSpec, profile: Profile, rounds: int, tick: Tick) -> list[Sample]:
    rt = LiveRuntime()

    async def main() -> list[Sample]:
        async with connect(spec, profile, rt) as endpoint:
            return await measure(endpoint, tick, rounds)

    return rt.run(main)


def _provenance() -> tuple[str, Any]:
    now = datetime.now(UTC)
    return f"measured by commissure calibrate, {now:%Y-%m-%dT%H:%M}Z", now.date()
