"""Calibrate the endpoints of a fleet that ask for it, before a live run is predicted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from commissure.hal.calibrate import Fit, calibrated, fit, measure
from commissure.hal.connect import connect
from commissure.hal.fleet import Fleet
from commissure.hal.live import LiveRuntime
from commissure.hal.profile import Profile
from commissure.hal.spec import EndpointSpec

CALLS = 45


def calibrate_endpoint(
    spec: EndpointSpec, profile: Profile, progress: Callable[[], None] = lambda: None
) -> tuple[Profile, Fit]:
    """Measure a real endpoint by some 45 short calls; gives its profile with the coefficients found."""
    rt = LiveRuntime()

    async def main() -> Fit:
        async with connect(spec, profile, rt) as endpoint:
            replies = await measure(endpoint, progress)
        now = datetime.now(UTC)
        return fit(replies, f"measured by commissure calibrate, {now:%Y-%m-%dT%H:%M}Z", now.date())

    found = rt.run(main)
    return calibrated(profile, found), found


def calibrate_fleet(fleet: Fleet, progress: Callable[[], None] = lambda: None) -> tuple[Fleet, dict[str, Any]]:
    """The fleet with fresh profiles for the endpoints marked `calibrate`, and what the fits say of themselves."""
    profiles, fits = {}, {}
    for spec in fleet.specs:
        if spec.calibrate:
            profiles[spec.name], found = calibrate_endpoint(spec, fleet.profiles[spec.name], progress)
            fits[spec.name] = fit_report(found)
    return fleet.with_profiles(profiles), fits


def fit_report(found: Fit) -> dict[str, Any]:
    """A fit as plain values: coefficients in seconds, errors as fractions of the measured times."""
    return {
        "calls": found.calls,
        "held_out_calls": found.held_out_calls,
        "coefficients": {name: quantity["value"] for name, quantity in found.step.model_dump().items()},
        "held_out_errors": {
            "prefill": found.prefill_error,
            "decode": found.decode_error,
            "total": found.total_error,
        },
    }
