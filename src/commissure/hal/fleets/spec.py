"""A fleet file: its endpoints as they are written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from commissure.hal.capabilities import checked_changes
from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fault import Fault
from commissure.hal.profiles.chip import chips
from commissure.hal.profiles.profile import Price, provider_names
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.profiles.serving import EngineSettings, Limits
from commissure.hal.providers import adapter_names
from commissure.hal.resilience.settings import Resilience

# Names of what would be sent, and recorded, in every request.
_SECRET = re.compile(r"api[_-]?key|secret|passw|authorization|bearer", re.IGNORECASE)
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Quota = Annotated[float, Field(ge=1, allow_inf_nan=False)]


class PriceOverride(BaseModel):
    """A price of your own in place of the profile's, in US dollars for a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_usd_per_mtok: Usd
    output_usd_per_mtok: Usd
    cached_usd_per_mtok: Usd | None = None
    cache_write_usd_per_mtok: Usd | None = None
    as_of: date
    source: str = "the fleet file"

    def price(self) -> Price:
        """As a profile holds it."""
        numbers = self.model_dump(exclude={"as_of", "source"}, exclude_none=True)
        quantities = {
            name: Quantity(value=value, source=self.source, as_of=self.as_of) for name, value in numbers.items()
        }
        return Price.model_validate(quantities)


class PrefillSpec(BaseModel):
    """Other chips that compute an endpoint's prompts, and the link over which the KV state travels from them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str
    replicas: Annotated[int, Field(ge=1, le=4096)] = 1
    engine: EngineSettings | None = None
    gb_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    latency_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class LimitsSpec(BaseModel):
    """Rate limits of your own account, in place of the profile's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: Quota | None = None
    tokens_per_minute: Quota | None = None
    uncached_tokens_per_minute: Quota | None = None
    tokens_per_day: Quota | None = None
    requests_per_day: Quota | None = None
    reserve_output: bool = False
    as_of: date
    source: str = "the fleet file"

    def limits(self) -> Limits:
        """As a profile holds them."""
        numbers = self.model_dump(exclude={"as_of", "source", "reserve_output"}, exclude_none=True)
        quantities = {
            name: Quantity(value=value, source=self.source, as_of=self.as_of) for name, value in numbers.items()
        }
        return Limits.model_validate(quantities | {"reserve_output": self.reserve_output})


class EndpointSpec(BaseModel):
    """One endpoint as a fleet file states it.

    `replicas` of it stand behind one name; `engine` is how its engine is set up, where that differs from the profile.
    `prefill` names other chips that compute its prompts, one group of them or several. Endpoints that share a chip name
    it in `shares`: one of them is loaded at a time, in `load_s` seconds. Of a llama.cpp server: how many KV `slots` it
    has, of `slot_tokens` each, and how many agents' prefixes an evictor keeps on its disk beside them, `disk_slots`.

    Of a real endpoint: where it is, which variable of the environment holds its key, what it calls the model, `options`
    that are added to every request as they are, what it can do otherwise than the provider's table says, after how
    many seconds of silence a call is given up, and `limits` of your own account in place of the profile's. `resilience`
    holds in both worlds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[\w.:@/+-]+( [\w.:@/+-]+)*$", max_length=100)]
    provider: str
    model: Annotated[str, Field(min_length=1)]
    chip: str
    profile: str = ""
    base_url: str | None = None
    key_variable: str = ""
    model_id: str = ""
    options: Mapping[str, Any] = {}
    capabilities: Mapping[str, Any] = {}
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    limits: LimitsSpec | None = None
    resilience: Resilience = Resilience()
    slots: Annotated[int, Field(ge=1, le=1024)] = 1
    slot_tokens: Annotated[int, Field(ge=64, le=10_000_000)] = 2048
    disk_slots: Annotated[int, Field(ge=0, le=100_000)] = 0
    calibrate: bool = False
    price: PriceOverride | None = None
    replicas: Annotated[int, Field(ge=1, le=4096)] = 1
    engine: EngineSettings | None = None
    prefill: tuple[PrefillSpec, ...] = ()
    shares: str = ""
    load_s: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None

    @field_validator("key_variable")
    @classmethod
    def _is_a_variable(cls, name: str) -> str:
        if name and not re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", name):
            raise ValueError("give the name of an environment variable, in capitals, never the key itself")
        return name

    @field_validator("options")
    @classmethod
    def _no_keys(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in given:
            if _SECRET.search(name):
                raise ValueError("a key is never in a fleet file: name its variable, key_variable = ...")
        return given

    @field_validator("capabilities")
    @classmethod
    def _known_capabilities(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            checked_changes(given)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return given

    @field_validator("prefill", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, (Mapping, PrefillSpec)) else given or ()

    @field_validator("chip")
    @classmethod
    def _known_chip(cls, name: str) -> str:
        return _one_of("chip", name, list(chips()))

    @field_validator("provider")
    @classmethod
    def _known_provider(cls, name: str) -> str:
        return _one_of("provider", name, sorted({*adapter_names(), *provider_names()}))

    @field_validator("base_url")
    @classmethod
    def _usable_url(cls, url: str | None) -> str | None:
        return None if url is None else check_url(url)

    @property
    def profile_name(self) -> str:
        """The profile that is used: the one named, or provider-model-chip."""
        return self.profile or f"{self.provider}-{self.model}-{self.chip}"


class FleetFile(BaseModel):
    """The contents of a fleet file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: Annotated[tuple[EndpointSpec, ...], Field(min_length=1)]
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [spec.name for spec in self.endpoints]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two endpoints have the name {name!r}; names must differ")
        return self

    @model_validator(mode="after")
    def _faults_are_of_endpoints(self) -> Self:
        for fault in self.faults:
            _one_of("endpoint of a fault", fault.endpoint, [spec.name for spec in self.endpoints])
        return self


def check_url(url: str) -> str:
    """The URL. Raises ValueError if no endpoint can be there, or if it holds a user, a password or a query."""
    form = "give http://HOST:PORT or https://HOST, with no user, password, query or space in it"
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError(form) from None
    secret = parts.username or parts.password or parts.query or parts.fragment
    if not good or secret or not url.isprintable() or " " in url:
        raise ValueError(form)
    return url


def _one_of(what: str, name: str, allowed: list[str]) -> str:
    if name not in allowed:
        raise ValueError(str(unknown(what, name, allowed)))
    return name
