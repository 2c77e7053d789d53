"""Endpoints by their names among those that can serve a call."""

from __future__ import annotations

from commissure.hal.errors import Unsupported, UsageError, unknown
from commissure.hal.policy import Candidate, FleetStatus
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.reply import Usage

# Of a sub-call's tokens: most are read.
READ = 0.8


def named(name: str, fleet: FleetStatus, est_tokens: int, *, strict: bool = False) -> Candidate:
    """The endpoint of this name; where it cannot serve the call, the cheapest that can, or Unsupported if `strict`."""
    found = next((one for one in fleet.candidates if one.name == name), None)
    if found is None and strict:
        able = ", ".join(one.name for one in fleet.candidates)
        raise Unsupported(f"endpoint {name!r} cannot serve this call, and no other is to (strict=true). Able: {able}")
    return found or cheapest(fleet, est_tokens)


def possible(name: str, fleet: FleetStatus, est_tokens: int, *, strict: bool = False) -> tuple[Candidate, ...]:
    """All that `named` may choose, whatever is under way."""
    found = tuple(one for one in fleet.candidates if one.name == name)
    return found or (() if strict else cheapest_ones(fleet, est_tokens))


def cheapest(fleet: FleetStatus, est_tokens: int) -> Candidate:
    """The cheapest by the token; of equals the one with the fewest calls under way, then the first."""
    return min(cheapest_ones(fleet, est_tokens), key=lambda one: one.running)


def cheapest_ones(fleet: FleetStatus, est_tokens: int) -> tuple[Candidate, ...]:
    """Those of the lowest price."""
    prices = {one.name: price_usd(one.profile, est_tokens) for one in fleet.candidates}
    least = min(prices.values(), default=0.0)
    return tuple(one for one in fleet.candidates if prices[one.name] == least)


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
    return time_s(profile, read, est_tokens - read)


def time_s(profile: Profile, read: int, said: int) -> float:
    """About how long a call takes that has the endpoint to itself; infinite where no time is known."""
    if profile.hosted is not None:
        one = profile.hosted
        hidden = value_of(one.hidden_tokens)
        return (
            value_of(one.network_s) + one.base_s.value + read * value_of(one.uncached_token_s)
            + (said + hidden) * one.output_token_s.value
        )  # fmt: skip
    if profile.step is not None:
        step = profile.step.values()
        a_token = step["fixed_s"] + step["token_s"] + step["experts_s"] + (read + said) * step["kv_token_s"]
        return step["call_s"] + step["fixed_s"] + read * step["token_s"] + said * a_token
    return float("inf")


def only(options: dict[str, str], allowed: tuple[str, ...], policy: str) -> None:
    """Raises UsageError for an option that the policy does not have."""
    for key in options:
        if key not in allowed:
            raise unknown(f"option of {policy}", key, allowed)


def strictness(options: dict[str, str], policy: str) -> tuple[dict[str, str], bool]:
    """The other options, and whether `strict=true` is among them. Raises UsageError."""
    given = options.get("strict", "false")
    if given not in ("true", "false"):
        raise UsageError(f"{policy}: strict is true or false, not {given!r}")
    return {key: value for key, value in options.items() if key != "strict"}, given == "true"


def required(options: dict[str, str], policy: str, form: str) -> None:
    """Raises UsageError where nothing is given."""
    if not options:
        raise UsageError(f"{policy} needs endpoints, as in {form}")
