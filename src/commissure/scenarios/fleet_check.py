"""`fleet check`: what a fleet's endpoints need and what is known of them, without touching any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from commissure.hal.connect import provider_of, require
from commissure.hal.errors import MissingExtra, UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.keys import first_set, redact
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.provider import Provider
from commissure.hal.providers import adapter_names
from commissure.hal.resilience.settings import Resilience
from commissure.hal.runtime import Runtime
from commissure.hal.wire.address import key_of, url_of
from commissure.scenarios.run import run
from commissure.sim.topology.build import check_topology

# Providers whose endpoints run in this process where no base_url is given.
IN_PROCESS = ("llama_cpp", "null")
# Prices older than this are likely to have changed.
OLD_DAYS = 180


@dataclass(frozen=True, slots=True)
class Lack:
    """What a live run would lack, and how to mend it."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One endpoint. `address` None: in this process, or unknown, which `lacks` then says. No secret is in it.

    `key` is "set" or "not set", of `key_variable`; None where there is no key to have. `not_simulated` says why it
    cannot be simulated. Prices are in US dollars, the newest of their dates is `price_as_of`.
    """

    endpoint: str
    provider: str
    model: str
    model_id: str
    chip: str
    profile: str
    replicas: int
    address: str | None
    key_variable: str
    key: str | None
    can_run_live: bool
    lacks: tuple[Lack, ...]
    can_simulate: bool
    not_simulated: str
    input_usd_per_mtok: float | None
    output_usd_per_mtok: float | None
    usd_per_hour: float | None
    price_source: str
    price_as_of: date | None
    price_assumed: bool
    limits: Mapping[str, float | bool] = field(hash=False)
    resilience: Mapping[str, Any] = field(hash=False)
    warnings: tuple[str, ...]


def check(fleet: Fleet, today: date) -> list[Checked]:
    """Every endpoint of the fleet. Raises UsageError if the fleet states what cannot be modelled."""
    check_topology(fleet)
    return [_checked(fleet, spec, today) for spec in fleet.specs]


def alone(fleet: Fleet, spec: EndpointSpec) -> Fleet:
    """A fleet of this endpoint only, as it is when nothing goes wrong."""
    return Fleet((spec,), {spec.name: fleet.profiles[spec.name]}, folder=fleet.folder)


def _checked(fleet: Fleet, spec: EndpointSpec, today: date) -> Checked:
    profile, provider = fleet.profiles[spec.name], provider_of(spec.provider)
    variable, key = _key(provider, spec)
    address, lacks = _way(provider, spec)
    why = _not_simulated(fleet, spec)
    price, hour = profile.price, profile.usd_per_hour
    told = _price_quantities(profile)
    newest = max(told, key=lambda one: one.as_of, default=None)
    default = Resilience()
    return Checked(
        endpoint=spec.name,
        provider=spec.provider,
        model=spec.model,
        model_id=provider.model_id(spec) if provider else spec.model,
        chip=spec.chip,
        profile=spec.profile_name,
        replicas=spec.replicas,
        address=address,
        key_variable=variable,
        key=key,
        can_run_live=not lacks,
        lacks=lacks,
        can_simulate=not why,
        not_simulated=why,
        input_usd_per_mtok=price.input_usd_per_mtok.value if price else None,
        output_usd_per_mtok=price.output_usd_per_mtok.value if price else None,
        usd_per_hour=hour.value * spec.replicas if hour else None,
        price_source=newest.source if newest else "",
        price_as_of=newest.as_of if newest else None,
        price_assumed=any(one.assumed for one in told),
        limits=_limits(profile),
        resilience={name: value for name, value in spec.resilience if value != getattr(default, name)},
        warnings=tuple(_warnings(spec, profile, provider, address, key, newest, today)),
    )


def _key(provider: Provider | None, spec: EndpointSpec) -> tuple[str, str | None]:
    """The variable that holds the endpoint's key, or would, and whether it is set."""
    own = (spec.key_variable,) if spec.key_variable else ()
    variables = own or (provider.key_variables if provider else ())
    if not variables:
        return "", None
    held = [name for name in variables if first_set([name]) is not None]
    return (held or list(variables))[0], "set" if held else "not set"


def _way(provider: Provider | None, spec: EndpointSpec) -> tuple[str | None, tuple[Lack, ...]]:
    """Where the endpoint is, and what is missing on the way to it."""
    if spec.provider not in adapter_names():
        return spec.base_url, (Lack("no adapter", f"provider {spec.provider!r} can be simulated only"),)
    lacks: list[Lack] = []

    def tried(what: str, part: Callable[[], Any]) -> Any:
        try:
            return part()
        except MissingExtra as error:
            lacks.append(Lack("package missing", _plain(error, spec)))
        except UsageError as error:
            lacks.append(Lack(what, _plain(error, spec)))
        return None

    address = None
    if provider is not None:
        # The key first: once read, it is struck out of whatever is shown.
        tried("no key", lambda: key_of(provider, spec))
        if spec.provider not in IN_PROCESS or spec.base_url:
            address = tried("no address", lambda: url_of(provider, spec))
    if spec.provider in IN_PROCESS:
        tried("cannot start", lambda: require(spec))
    return redact(address) if address else None, tuple(lacks)


def _not_simulated(fleet: Fleet, spec: EndpointSpec) -> str:
    """Why the endpoint cannot be simulated; empty if it can."""
    try:
        run(_nothing, alone(fleet, spec), world="sim")
    except UsageError as error:
        return _plain(error, spec)
    return ""


async def _nothing(rt: Runtime, fleet: object) -> None:
    """A workflow that only opens its fleet."""


def _plain(error: UsageError, spec: EndpointSpec) -> str:
    return redact(" ".join(str(error).split())).removeprefix(f"endpoint {spec.name!r}: ")


def _price_quantities(profile: Profile) -> list[Quantity]:
    prices = [one for _, one in profile.price if one is not None] if profile.price else []
    return [*prices, *([profile.usd_per_hour] if profile.usd_per_hour else [])]


def _limits(profile: Profile) -> dict[str, float | bool]:
    if profile.limits is None:
        return {}
    found: dict[str, float | bool] = {
        name: one.value for name, one in profile.limits if isinstance(one, Quantity)
    }  # fmt: skip
    return found | ({"reserve_output": True} if profile.limits.reserve_output else {})


def _warnings(
    spec: EndpointSpec, profile: Profile, provider: Provider | None, address: str | None, key: str | None,
    newest: Quantity | None, today: date,
) -> list[str]:  # fmt: skip
    found = []
    if provider is not None:
        gone = provider.retired.get(spec.model) or provider.retired.get(provider.model_id(spec))
        if gone:
            found.append(f"{spec.provider} serves {spec.model} no longer: {gone}")
    if newest is None and spec.provider != "null":
        found.append("neither a token's nor an hour's price is known: it counts as free; give price = {...}")
    elif newest is not None and any(one.value for one in _price_quantities(profile)):
        days = (today - newest.as_of).days
        if days > OLD_DAYS:
            found.append(f"its price is {days} days old ({newest.as_of}): give today's in the fleet file or profile")
    if (profile.provider, profile.model, profile.chip) != (spec.provider, spec.model, spec.chip):
        found.append(f"simulated by the profile of {profile.provider}'s {profile.model} on {profile.chip}")
    if key == "set" and address is not None and _unencrypted(address):
        found.append("its key travels unencrypted: give an https:// address, or a tunnel on this machine")
    return found


def _unencrypted(address: str) -> bool:
    from commissure.hal.wire.http import is_loopback

    return urlsplit(address).scheme == "http" and not is_loopback(address)
