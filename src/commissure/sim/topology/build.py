"""From a fleet to the servers that model it: engines, and how they stand together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import lcm
from pathlib import Path

import simpy

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError, unknown
from commissure.hal.eviction import Evictor
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec, PrefillSpec
from commissure.hal.placement import Placer
from commissure.hal.profiles.chip import chips
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile, load_profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.decoding import Constrain, Decoding
from commissure.sim.engine.server import Server, Serves, build_engine, build_exact, context_limit, settings_of
from commissure.sim.hosted.retry import Retrying
from commissure.sim.hosted.server import HostedServer
from commissure.sim.topology.ahead import Kept
from commissure.sim.topology.channel import Channel
from commissure.sim.topology.expect import Pool
from commissure.sim.topology.faulty import Faulty
from commissure.sim.topology.placed import Group, Placed
from commissure.sim.topology.replicas import Replicas
from commissure.sim.topology.shared import SharedChip
from commissure.sim.topology.split import PrefillDecode
from commissure.sim.topology.tiers import Tiered

# Providers whose servers hold one prompt a slot.
SLOTTED = ("llama_cpp",)


@dataclass
class Site:
    """What the servers of one run share.

    `unit_tokens` is the size of the prompts' hashed blocks; `evictor` names the kept prefixes that leave, in place of
    the least recently used, `placer` the chip that computes a prompt; `constrain` says of a profile and its engine
    which calls decode under a grammar, and what that costs. `kept` has each endpoint's engines, those of its prefill
    chips included.
    """

    env: simpy.Environment
    unit_tokens: int
    folder: Path = field(default_factory=Path)
    seed: int = 0
    constrain: Callable[[Profile, EngineSettings], Constrain] | None = None
    shared: dict[str, SharedChip] = field(default_factory=dict)
    engines: int = 0
    faults: tuple[Fault, ...] = ()
    evictor: Evictor | None = None
    tiers: dict[str, list[Tiered]] = field(default_factory=dict)
    placer: Placer | None = None
    kept: dict[str, list[Kept]] = field(default_factory=dict)

    def chip_of(self, spec: EndpointSpec) -> Kept | None:
        """The endpoint's engine, where it is one chip of its own whose cache a hint can address."""
        kept = self.kept.get(spec.name, [])
        alone = len(kept) == 1 and kept[0].caches and not spec.prefill and not spec.shares
        return kept[0] if alone and not any(fault.endpoint == spec.name for fault in self.faults) else None


def build_servers(site: Site, fleet: Fleet, *, exact: bool = False) -> dict[str, Serves]:
    """One server an endpoint. `exact` gives plain engines that step through every iteration, and nothing else."""
    build: Callable[[Site, EndpointSpec, Profile], Serves] = _build_exact if exact else _build_retrying
    return {spec.name: build(site, spec, fleet.profiles[spec.name]) for spec in fleet.specs}


def block_tokens(fleet: Fleet) -> int:
    """A size that every engine's KV blocks divide, those of prefill chips included."""
    sizes = [1]
    for spec in fleet.specs:
        sizes.append(settings_of(spec, fleet.profiles[spec.name]).block_tokens)
        sizes += [_prefill(group, fleet.folder)[1].block_tokens for group in spec.prefill]
    return lcm(*sizes)


def _prefill(spec: PrefillSpec, folder: Path) -> tuple[Profile, EngineSettings]:
    """What is known of the chips that compute an endpoint's prompts, and how their engines are set up."""
    profile = load_profile(spec.profile, folder)
    return profile, spec.engine or profile.engine or EngineSettings()


def check_topology(fleet: Fleet) -> None:
    """Raise UsageError if what the fleet states cannot be modelled; endpoints that only run live are passed over."""
    site = Site(simpy.Environment(), block_tokens(fleet), fleet.folder, faults=fleet.faults)
    for spec in fleet.specs:
        profile = fleet.profiles[spec.name]
        if (profile.step or profile.hosted) and (spec.provider not in SLOTTED or spec.engine):
            build_server(site, spec, profile)


def _build_retrying(site: Site, spec: EndpointSpec, profile: Profile) -> Serves:
    """Where a call can fail for a while, its client tries again."""
    server = build_server(site, spec, profile)
    if profile.step is None or any(fault.endpoint == spec.name for fault in site.faults):
        return Retrying(server, site.env, site.seed, name=spec.name)
    return server


def build_server(site: Site, spec: EndpointSpec, profile: Profile) -> Server:
    """The endpoint as its fleet file states it. Raises UsageError if it cannot be modelled so."""
    if profile.step is None and profile.hosted is not None:
        if spec.replicas > 1 or spec.prefill or spec.shares or spec.engine:
            raise UsageError(
                f"endpoint {spec.name!r} is hosted: replicas, prefill, shares and engine are its provider's business"
            )
        return _disturbed(site, spec, HostedServer(site.env, spec.name, profile, site.unit_tokens, site.seed))
    if spec.provider in SLOTTED and spec.engine is None:
        raise UsageError(
            f"endpoint {spec.name!r}: a {spec.provider} endpoint holds one prompt a slot and serves one call at a "
            "time, which is not modelled here: run a workflow on it, or state an engine that batches: engine = {}"
        )
    own = _pool(site, spec, profile, spec.replicas, settings_of(spec, profile))
    server = _split(site, spec, profile, own) if spec.prefill else own.server
    if spec.shares:
        if spec.shares not in site.shared:
            site.shared[spec.shares] = SharedChip(site.env)
        server = site.shared[spec.shares].tenant(server, load_s(spec, profile))
    return _disturbed(site, spec, server)


def _disturbed(site: Site, spec: EndpointSpec, server: Server) -> Server:
    faults = [fault for fault in site.faults if fault.endpoint == spec.name]
    if not faults:
        return server
    tiers = site.tiers.get(spec.name, [])
    names = {store.name for tiered in tiers for store in tiered.stores}
    for fault in faults:
        if fault.kind == "full" and fault.tier not in names:
            raise unknown(f"tier of a fault of endpoint {spec.name!r}:", fault.tier, names)
    return Faulty(site.env, spec.name, server, faults, dice(f"{site.seed}/{spec.name}/faults"), tiers)


def _build_exact(site: Site, spec: EndpointSpec, profile: Profile) -> Serves:
    settings, model = settings_of(spec, profile), models().get(profile.model)
    if profile.step is None and profile.hosted is not None:
        raise UsageError(f"endpoint {spec.name!r} is hosted: it has no steps to go through one by one")
    if (
        spec.replicas > 1 or spec.prefill or spec.shares or settings.tiers or settings.buckets or settings.speculative
        or site.faults or site.evictor or (model and model.diffusion)
    ):  # fmt: skip
        raise UsageError(
            f"endpoint {spec.name!r}: --exact models plain engines only: no replicas, prefill, shares, tiers, "
            "buckets, drafts, diffusion, evictors or faults"
        )
    return build_exact(site.env, spec, profile, settings, site.unit_tokens)


def _pool(site: Site, spec: EndpointSpec, profile: Profile, replicas: int, settings: EngineSettings) -> Pool:
    servers = [_engine(site, spec, profile, settings) for _ in range(replicas)]
    server = servers[0] if replicas == 1 else Replicas(servers)
    return Pool(server, tuple(site.kept[spec.name][-replicas:]), profile, context_limit(profile, settings))


def _engine(site: Site, spec: EndpointSpec, profile: Profile, settings: EngineSettings) -> Server:
    engine = build_engine(site.env, spec, profile, settings, site.unit_tokens, site.evictor)
    server: Server = engine
    tiered = None
    if settings.tiers:
        assert profile.step is not None
        size = kv_bytes_per_token(spec, profile)
        server = tiered = Tiered(site.env, engine, settings.tiers, size, profile.step.token_s.value, site.evictor)
        site.tiers.setdefault(spec.name, []).append(tiered)
    caches = settings.prefix_caching and settings.buckets is None
    site.kept.setdefault(spec.name, []).append(Kept(engine, tiered, caches))
    model = models().get(profile.model)
    overhead_s = profile.step.call_s.value if profile.step else 0.0
    plain = not (settings.speculative or overhead_s or (model and model.diffusion))
    if site.constrain or not plain:
        # Numbered so that a grammar elsewhere changes nobody's draws.
        site.engines += not plain
        constrain = site.constrain(profile, settings) if site.constrain else None
        stream = dice(f"{site.seed}/{spec.name}/decoding/{site.engines}")
        server = Decoding(site.env, server, settings, model, stream, constrain, overhead_s)
    return server


def _split(site: Site, spec: EndpointSpec, profile: Profile, own: Pool) -> Server:
    groups = [_group(site, spec, profile, number) for number in range(len(spec.prefill))]
    if len(groups) == 1 and site.placer is None:
        return PrefillDecode(groups[0].pool.server, own.server, groups[0].link, groups[0].kv_bytes)
    return Placed(spec.name, own, groups, site.placer)


def _group(site: Site, spec: EndpointSpec, profile: Profile, number: int) -> Group:
    prefill = spec.prefill[number]
    other, settings = _prefill(prefill, site.folder)
    if other.model != profile.model:
        raise UsageError(
            f"endpoint {spec.name!r}: its KV state comes from {other.model!r} by prefill profile {prefill.profile!r}, "
            f"but it serves {profile.model!r}; both must serve the same model"
        )
    pool = _pool(site, spec, other, prefill.replicas, settings)
    link = Channel(site.env, prefill.gb_per_s * 1e9, prefill.latency_s)
    before = sum(group.profile == prefill.profile for group in spec.prefill[:number])
    name = f"{prefill.profile} #{before + 1}" if before else prefill.profile
    return Group(name, pool, link, kv_bytes_of(spec, profile))


def longest_call(spec: EndpointSpec, profile: Profile, folder: Path) -> float:
    """The longest prompt with its answer, in tokens, that the endpoint can hold: on each of its chips."""
    limit = context_limit(profile, settings_of(spec, profile))
    return min([limit, *(context_limit(*_prefill(group, folder)) for group in spec.prefill)])


def kv_bytes_per_token(spec: EndpointSpec, profile: Profile) -> float:
    """The size of a token's KV state. Raises UsageError where the model's profile does not say."""
    model = models().get(profile.model)
    if model is None or model.kv_bytes_per_token is None:
        raise _unknown_kv(spec, profile)
    return model.kv_bytes_per_token.value


def kv_bytes_of(spec: EndpointSpec, profile: Profile) -> Callable[[int], float]:
    """The size of a whole prefix's KV state by its tokens. Raises UsageError where the model's profile does not say."""
    model = models().get(profile.model)

    def size(tokens: int) -> float:
        found = None if model is None else model.kv_bytes(tokens)
        if found is None:
            raise _unknown_kv(spec, profile)
        return found

    size(1)
    return size


def _unknown_kv(spec: EndpointSpec, profile: Profile) -> UsageError:
    return UsageError(
        f"endpoint {spec.name!r}: how many bytes the KV state of {profile.model!r} takes is not known; "
        f"state kv_bytes_per_token in profiles/models/{profile.model}.toml"
    )


def load_s(spec: EndpointSpec, profile: Profile) -> float:
    """Seconds to load a model onto its chip: as stated, else its cold start, else weights / host bandwidth."""
    if spec.load_s is not None:
        return spec.load_s
    if profile.cold_start is not None:
        return profile.cold_start.seconds.value
    model, chip = models().get(profile.model), chips()[spec.chip]
    if model is None or model.weight_bytes is None or not value_of(chip.host_gb_per_s):
        raise UsageError(
            f"endpoint {spec.name!r}: how long {profile.model!r} takes to load onto {spec.chip!r} is not known; "
            "state load_s in the fleet file"
        )
    return model.weight_bytes / (value_of(chip.host_gb_per_s) * 1e9 * profile.chips)
