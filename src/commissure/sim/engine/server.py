"""From a fleet's endpoint to the engine that models it."""

from __future__ import annotations

import math
from typing import Protocol

import simpy

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.model import Model, models
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import PaddedCost, StepCost
from commissure.sim.engine.exact import ExactEngine
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.padded import PaddedEngine
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.engine.scored import ScoredCache


class Serves(Protocol):
    """What takes jobs in virtual time."""

    @property
    def busy_s(self) -> float:
        """Seconds in which it worked."""

    def submit(self, job: Job) -> None:
        """Take a job now; its `done` is called when it has ended, well or with an `error`."""


class Server(Serves, Protocol):
    """What serves jobs in virtual time, and can be disturbed."""

    def cancel(self, job: Job) -> None:
        """Drop a job that has not ended; its `done` is not called."""

    def slow(self, factor: float) -> None:
        """From now on everything takes `factor` times its modelled time."""

    def evacuate(self) -> list[Job]:
        """Lose every job under way, and what is cached with it; their `done` is not called."""


def settings_of(spec: EndpointSpec, profile: Profile) -> EngineSettings:
    """How the endpoint's engine is set up: as the fleet file says, else the profile, else vLLM's defaults."""
    return spec.engine or profile.engine or EngineSettings()


def context_limit(profile: Profile, settings: EngineSettings) -> float:
    """The longest prompt with its answer, in tokens, that an endpoint so set up can hold."""
    limits = [profile.context_tokens.value] if profile.context_tokens else []
    if profile.step is not None:
        if settings.kv_blocks is not None:
            limits.append(settings.kv_blocks * settings.block_tokens)
        if settings.buckets is not None:
            limits.append(settings.buckets.context_tokens[-1])
    return min(limits, default=math.inf)


def build_engine(
    env: simpy.Environment,
    spec: EndpointSpec,
    profile: Profile,
    settings: EngineSettings,
    unit_tokens: int,
    evictor: Evictor | None = None,
) -> Engine:
    """The engine of an endpoint of one's own. Raises UsageError if the profile has no step times."""
    cost, cache = _parts(spec, profile, settings, unit_tokens, evictor)
    if isinstance(cost, PaddedCost):
        return PaddedEngine(env, cost, settings, cache, spec.name)
    return Engine(env, cost, settings, cache, spec.name)


def build_exact(
    env: simpy.Environment, spec: EndpointSpec, profile: Profile, settings: EngineSettings, unit_tokens: int
) -> ExactEngine:
    """The same engine, step by step."""
    cost, cache = _parts(spec, profile, settings, unit_tokens)
    return ExactEngine(env, cost, settings, cache)


def _parts(
    spec: EndpointSpec,
    profile: Profile,
    settings: EngineSettings,
    unit_tokens: int,
    evictor: Evictor | None = None,
) -> tuple[StepCost, PrefixCache]:
    if profile.step is None:
        raise UsageError(
            f"endpoint {spec.name!r}: profile {spec.profile_name!r} has no step times, so it cannot be "
            f"simulated; measure them with: commissure calibrate {spec.name}"
        )
    model: Model | None = models().get(profile.model)
    if unit_tokens % settings.block_tokens:
        raise UsageError(
            f"endpoint {spec.name!r}: block_tokens must divide the {unit_tokens} tokens of the trace's prefix blocks, "
            f"not be {settings.block_tokens}"
        )
    kind = PaddedCost if settings.buckets else StepCost
    block = round(model.diffusion.block_tokens.value) if model and model.diffusion else 1
    cost = kind(profile.step.values(), settings, model.experts if model else None, block)
    capacity = math.inf if settings.kv_blocks is None else settings.kv_blocks
    if evictor is not None:
        return cost, ScoredCache(capacity, settings.block_tokens, unit_tokens, evictor)
    return cost, PrefixCache(capacity, settings.block_tokens, unit_tokens)
