"""A fleet: the named endpoints of one TOML file, what is known of them, and the policies over them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from commissure.hal.clock.background import Start, background
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError, unknown
from commissure.hal.eviction import Evictor, Prefetcher
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.open_fleet import Listeners, OpenFleet
from commissure.hal.fleets.ranking import Ranking, takes_ranks
from commissure.hal.fleets.residency import Residency
from commissure.hal.fleets.spec import EndpointSpec, FleetFile
from commissure.hal.ledger import Ledger
from commissure.hal.placement import Placer
from commissure.hal.policy import FirstAble, Router
from commissure.hal.profiles.profile import Profile, load_profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.resilience.guard import Guard
from commissure.hal.runtime import Runtime
from commissure.hal.tomlfile import load_toml

FLEETS = Path(str(files("commissure.hal"))) / "fleets"
Connect = Callable[[EndpointSpec, Profile, Runtime], AbstractAsyncContextManager[Endpoint]]


@dataclass(frozen=True)
class Fleet:
    """Declared endpoints, what is known of them, and the policies that decide over them. Nothing is open yet."""

    specs: tuple[EndpointSpec, ...]
    profiles: Mapping[str, Profile]
    router: Router = field(default_factory=FirstAble)
    evictor: Evictor | None = None
    # Beside an evictor only: what is fetched before it is asked for.
    prefetcher: Prefetcher | None = None
    # Where its file stands: other files that it names are found from there.
    folder: Path = field(default_factory=Path)
    # What goes wrong in a simulation of it.
    faults: tuple[Fault, ...] = ()
    # Which chip computes a prompt, where an endpoint has other chips for that; without one, the idlest of those.
    placer: Placer | None = None

    def __post_init__(self) -> None:
        if not callable(getattr(self.router, "choose", None)):
            raise UsageError(f"a router has choose(call, fleet), which {self.router!r:.60} has not")
        self._check("evictor", self.evictor, "priority")
        self._check("prefetcher", self.prefetcher, "wanted")
        self._check("placer", self.placer, "choose")
        for policy in (self.router, self.evictor, self.prefetcher, self.placer):
            if isinstance(policy, type):
                raise UsageError(f"give an instance of the policy, {policy.__name__}(), not the class")

    def _check(self, name: str, policy: object, method: str) -> None:
        if isinstance(policy, str):
            raise UsageError(f"{name}={policy!r}: give the policy itself, cm.build_{name}({policy!r}, ...)")
        if policy is not None and not callable(getattr(policy, method, None)):
            raise UsageError(f"{name}: {policy!r:.60} has no {method}(...)")

    @classmethod
    def load(
        cls,
        path: str | Path = "local",
        *,
        router: Router | None = None,
        evictor: Evictor | None = None,
        placer: Placer | None = None,
    ) -> Fleet:
        """Read a fleet file, or one that comes with the package, by its name. Raises UsageError."""
        place = Path(path)
        if not place.suffix and not _exists(place):
            if str(path) not in fleet_names():
                raise unknown("fleet", str(path), fleet_names())
            place = FLEETS / f"{path}.toml"
        file = load_toml(place, FleetFile)
        specs = file.endpoints
        profiles = {}
        for spec in specs:
            try:
                profiles[spec.name] = _known_of(spec, place.parent)
            except UsageError as error:
                raise UsageError(f"{place}: endpoint {spec.name!r}: {error}") from None
        return cls(specs, profiles, router or FirstAble(), evictor, None, place.parent, file.faults, placer)

    @property
    def usd_per_hour(self) -> float:
        """What hiring its endpoints costs, replicas and prefill chips included; a shared chip is hired once.

        Raises UsageError if a prefill profile cannot be read.
        """
        hired: dict[str, float] = {}
        for spec in self.specs:
            usd = value_of(self.profiles[spec.name].usd_per_hour) * spec.replicas
            for group in spec.prefill:
                other = load_profile(group.profile, self.folder)
                usd += value_of(other.usd_per_hour) * group.replicas
            key = f"shared {spec.shares}" if spec.shares else f"alone {spec.name}"
            hired[key] = max(hired.get(key, 0.0), usd)
        return sum(hired.values())

    def unpriced(self) -> list[str]:
        """The endpoints of which neither a token's nor an hour's price is known."""
        known = {name for name, one in self.profiles.items() if one.price or one.usd_per_hour}
        return [spec.name for spec in self.specs if spec.name not in known]

    def with_evictor(self, evictor: Evictor | None, prefetcher: Prefetcher | None = None) -> Fleet:
        """The same fleet under another cache policy."""
        return replace(self, evictor=evictor, prefetcher=prefetcher)

    def with_slots(self, slots: int, slot_tokens: int, disk_slots: int = 0) -> Fleet:
        """The same fleet with this many KV slots an endpoint, of this many tokens each. Raises UsageError.

        `disk_slots` is how many agents' prefixes each endpoint's disk may hold beside them.
        """
        changed = {"slots": slots, "slot_tokens": slot_tokens, "disk_slots": disk_slots}
        try:
            specs = tuple(EndpointSpec.model_validate(spec.model_dump() | changed) for spec in self.specs)
        except ValidationError as error:
            problems = "; ".join(f"{item['loc'][0]}: {item['msg']}, not {item['input']!r}" for item in error.errors())
            raise UsageError(problems) from None
        return replace(self, specs=specs)

    def with_profiles(self, profiles: Mapping[str, Profile]) -> Fleet:
        """The same fleet with newer knowledge of some endpoints."""
        return replace(self, profiles={**self.profiles, **profiles})

    @asynccontextmanager
    async def open(
        self, rt: Runtime, connect: Connect, ledger: Ledger, listeners: Listeners | None = None
    ) -> AsyncIterator[OpenFleet]:
        """Open every endpoint by `connect`, which decides whether it is real or modelled."""
        async with AsyncExitStack() as stack:
            endpoints = [
                await stack.enter_async_context(connect(spec, self.profiles[spec.name], rt)) for spec in self.specs
            ]
            guards = {
                spec.name: Guard(rt, spec.name, spec.resilience, self.profiles[spec.name].limits) for spec in self.specs
            }
            start = await stack.enter_async_context(background(rt)) if self.prefetcher else None
            residencies = {} if self.evictor is None else self._residencies(rt, endpoints, self.evictor, start)
            yield OpenFleet(rt, endpoints, guards, self.router, residencies, ledger, listeners or Listeners())

    def _residencies(
        self, rt: Runtime, endpoints: list[Endpoint], evictor: Evictor, start: Start | None
    ) -> dict[str, Residency | Ranking]:
        """The keepers of KV slots, of the endpoints that have any; of those that evict by priority, who ranks."""
        disk_slots = {spec.name: spec.disk_slots for spec in self.specs}
        ranked = {one.name: Ranking(rt, one, evictor) for one in endpoints if takes_ranks(one)}
        return ranked | {
            one.name: Residency(rt, one, evictor, self.prefetcher, disk_slots[one.name], start)
            for one in endpoints
            if one.capabilities.kv_slots
        }


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def fleet_names() -> list[str]:
    """The fleets that come with the package."""
    return sorted(path.stem for path in FLEETS.glob("*.toml"))


def _known_of(spec: EndpointSpec, folder: Path) -> Profile:
    profile = load_profile(spec.profile_name, folder)
    changes = {"price": spec.price.price()} if spec.price else {}
    return profile.model_copy(update=changes | ({"limits": spec.limits.limits()} if spec.limits else {}))
