"""A fleet: the named endpoints of one TOML file, the policies over them, and the path of a call through both."""

from __future__ import annotations

import pkgutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from commissure.hal import providers
from commissure.hal.call import Call, Reply
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError, unknown
from commissure.hal.ledger import Amount, Ledger
from commissure.hal.policy import Candidate, Evictor, FirstAble, FleetStatus, Router
from commissure.hal.profile import Profile, chips, expected_usage, load_profile
from commissure.hal.residency import Placement, Residency
from commissure.hal.runtime import Runtime
from commissure.hal.tomlfile import load_toml

FLEETS = Path(str(files("commissure.hal"))) / "fleets"


class EndpointSpec(BaseModel):
    """One endpoint as a fleet file states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    provider: str
    model: Annotated[str, Field(min_length=1)]
    chip: str
    profile: str = ""
    base_url: str | None = None
    slots: Annotated[int, Field(ge=1, le=1024)] = 1
    slot_tokens: Annotated[int, Field(ge=64)] = 2048
    calibrate: bool = False

    @field_validator("chip")
    @classmethod
    def _known_chip(cls, name: str) -> str:
        return _one_of("chip", name, list(chips()))

    @field_validator("provider")
    @classmethod
    def _known_provider(cls, name: str) -> str:
        return _one_of("provider", name, provider_names())

    @property
    def profile_name(self) -> str:
        """The profile that is used: the one named, or provider-model-chip."""
        return self.profile or f"{self.provider}-{self.model}-{self.chip}"


class FleetFile(BaseModel):
    """The contents of a fleet file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: Annotated[tuple[EndpointSpec, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [spec.name for spec in self.endpoints]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two endpoints have the name {name!r}; names must differ")
        return self


Connect = Callable[[EndpointSpec, Profile, Runtime], AbstractAsyncContextManager[Endpoint]]
Listener = Callable[[Call, Reply, Placement | None], None]


@dataclass(frozen=True)
class Fleet:
    """Declared endpoints, what is known of them, and the policies that decide over them. Nothing is open yet."""

    specs: tuple[EndpointSpec, ...]
    profiles: Mapping[str, Profile]
    router: Router = field(default_factory=FirstAble)
    evictor: Evictor | None = None

    @classmethod
    def load(cls, path: str | Path = "local", *, router: Router | None = None, evictor: Evictor | None = None) -> Fleet:
        """Read a fleet file, or one that comes with the package, by its name. Raises UsageError."""
        place = Path(path)
        if not place.suffix and not place.exists():
            if str(path) not in fleet_names():
                raise unknown("fleet", str(path), fleet_names())
            place = FLEETS / f"{path}.toml"
        specs = load_toml(place, FleetFile).endpoints
        profiles = {}
        for spec in specs:
            try:
                profiles[spec.name] = load_profile(spec.profile_name, place.parent)
            except UsageError as error:
                raise UsageError(f"{place}: endpoint {spec.name!r}: {error}") from None
        return cls(specs, profiles, router or FirstAble(), evictor)

    def with_evictor(self, evictor: Evictor | None) -> Fleet:
        """The same fleet under another cache policy."""
        return replace(self, evictor=evictor)

    def with_slots(self, slots: int, slot_tokens: int) -> Fleet:
        """The same fleet with this many KV slots an endpoint, of this many tokens each."""
        changed = {"slots": slots, "slot_tokens": slot_tokens}
        return replace(self, specs=tuple(spec.model_copy(update=changed) for spec in self.specs))

    def with_profiles(self, profiles: Mapping[str, Profile]) -> Fleet:
        """The same fleet with newer knowledge of some endpoints."""
        return replace(self, profiles={**self.profiles, **profiles})

    @asynccontextmanager
    async def open(
        self, rt: Runtime, connect: Connect, ledger: Ledger, listener: Listener | None = None
    ) -> AsyncIterator[OpenFleet]:
        """Open every endpoint by `connect`, which decides whether it is real or modelled."""
        async with AsyncExitStack() as stack:
            endpoints = [
                await stack.enter_async_context(connect(spec, self.profiles[spec.name], rt)) for spec in self.specs
            ]
            yield OpenFleet(rt, endpoints, self.router, self.evictor, ledger, listener)


class OpenFleet:
    """What a workflow sees: `await fleet.generate(call)` routes, places, reserves, sends, settles and records."""

    def __init__(
        self,
        rt: Runtime,
        endpoints: list[Endpoint],
        router: Router,
        evictor: Evictor | None,
        ledger: Ledger,
        listener: Listener | None = None,
    ) -> None:
        self.endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self.ledger = ledger
        self._router = router
        self._listener = listener
        self._running = dict.fromkeys(self.endpoints, 0)
        self._residencies = {
            endpoint.name: Residency(rt, endpoint, evictor)
            for endpoint in endpoints
            if evictor is not None and endpoint.capabilities.kv_slots
        }

    def status(self) -> FleetStatus:
        """The fleet as a router sees it."""
        return FleetStatus(
            tuple(
                Candidate(name, one.profile, one.capabilities, self._running[name])
                for name, one in self.endpoints.items()
            )
        )

    async def generate(self, call: Call) -> Reply:
        """Answer a call by the endpoint that the router chooses. Raises EndpointError, BudgetExceeded."""
        endpoint = self.endpoints[self._router.choose(call, self.status()).name]
        usage = expected_usage(call, endpoint.profile)
        bound = Amount(endpoint.profile.price_usd(usage), usage.prompt_tokens + usage.output_tokens, 1)
        reservation = self.ledger.reserve(bound)
        self._running[endpoint.name] += 1
        try:
            reply, placement = await self._send(endpoint, call)
        except BaseException:
            self.ledger.refund(reservation)
            raise
        finally:
            self._running[endpoint.name] -= 1
        tokens = reply.usage.prompt_tokens + reply.usage.output_tokens
        self.ledger.commit(reservation, Amount(reply.cost_usd, tokens, 1, reply.timing.total_s))
        if self._listener is not None:
            self._listener(call, reply, placement)
        return reply

    async def _send(self, endpoint: Endpoint, call: Call) -> tuple[Reply, Placement | None]:
        residency = self._residencies.get(endpoint.name)
        if residency is None:
            return await endpoint.generate(call), None
        if not call.agent:
            reply = await endpoint.generate(call)
            residency.observe(reply)
            return reply, None
        async with residency.admitted(call) as placement:
            return await endpoint.generate(call), placement


def provider_names() -> list[str]:
    """The providers that there is an adapter for: one file each."""
    return sorted(module.name for module in pkgutil.iter_modules(providers.__path__))


def fleet_names() -> list[str]:
    """The fleets that come with the package."""
    return sorted(path.stem for path in FLEETS.glob("*.toml"))


def _one_of(what: str, name: str, allowed: list[str]) -> str:
    if name not in allowed:
        raise ValueError(str(unknown(what, name, allowed)))
    return name
