"""Endpoints by their names among those that can serve a call."""

from __future__ import annotations

from commissure.hal.errors import UsageError, unknown
from commissure.hal.policy import Candidate, FleetStatus
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.reply import Usage

# Of a sub-call's tokens: most are read.
READ = 0.8


def named(name: str, fleet: FleetStatus) -> Candidate:
    """The endpoint of this name; where it cannot serve the call, the cheapest that can."""
    return next((one for one in fleet.candidates if one.name == name), None) or cheapest(fleet)


def cheapest(fleet: FleetStatus, est_tokens: int = 1000) -> Candidate:
    """The cheapest by the token; of equals the one with the fewest calls under way, then the first."""
    return min(fleet.candidates, key=lambda one: (price_usd(one.profile, est_tokens), one.running))


def price_usd(profile: Profile, est_tokens: int) -> float:
    """About what so many tokens cost, most of them read; of an endpoint that is hired, the time that they take."""
    read = round(READ * est_tokens)
    if profile.price is None and profile.usd_per_hour is not None:
        return profile.usd_per_hour.value * seconds(profile, est_tokens) / 3600
    hidden = round(value_of(profile.hosted.hidden_tokens)) if profile.hosted else 0
    return profile.price_usd(Usage(read, 0, est_tokens - read, hidden))


def seconds(profile: Profile, est_tokens: int) -> float:
    """About how long a call of so many tokens takes, most of them read; infinite where no time is known."""
    read = round(READ * est_tokens)
    said = est_tokens - read
    if profile.hosted is not None:
        one = profile.hosted
        hidden = value_of(one.hidden_tokens)
        return (
            value_of(one.network_s) + one.base_s.value + read * value_of(one.uncached_token_s)
            + (said + hidden) * one.output_token_s.value
        )  # fmt: skip
    if profile.step is not None:
        step = profile.step.values()
        a_token = step["fixed_s"] + step["token_s"] + step["experts_s"] + est_tokens * step["kv_token_s"]
        return step["call_s"] + step["fixed_s"] + read * step["token_s"] + said * a_token
    return float("inf")


def only(options: dict[str, str], allowed: tuple[str, ...], policy: str) -> None:
    """Raises UsageError for an option that the policy does not have."""
    for key in options:
        if key not in allowed:
            raise unknown(f"option of {policy}", key, allowed)


def required(options: dict[str, str], policy: str, form: str) -> None:
    """Raises UsageError where nothing is given."""
    if not options:
        raise UsageError(f"{policy} needs endpoints, as in {form}")
