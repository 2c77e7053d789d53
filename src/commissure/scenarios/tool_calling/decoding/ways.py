"""The ways of keeping answers to a grammar, as settings of a fleet's endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from commissure.hal.call import Call
from commissure.hal.connect import capabilities
from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.policy import Candidate, FirstAble, FleetStatus, Router
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.serving import ConstrainedDecoding, EngineSettings
from commissure.kernels.nki.cost.targets import target_of_chip
from commissure.sim.engine.server import settings_of
from commissure.sim.topology.build import SLOTTED

FREE = "free"
WAYS: Mapping[str, ConstrainedDecoding] = {
    FREE: ConstrainedDecoding(),
    "cpu": ConstrainedDecoding(masks="cpu"),
    "cpu-overlapped": ConstrainedDecoding(masks="cpu", overlaps=True),
    "chip": ConstrainedDecoding(masks="chip"),
}
"""free: no grammar. cpu: masks on the host between the steps, or wholly hidden behind them. chip: the fused kernel."""


@dataclass(frozen=True, slots=True)
class Homes(Router):
    """Each session stays at an endpoint, so that all endpoints have equally many."""

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """By the number in the agent's name."""
        able = fleet.able(call)
        return able[int(call.agent.rpartition(" ")[2]) % len(able)]


def under(fleet: Fleet, way: str, batch: int, forced_share: float) -> Fleet:
    """The fleet under one of WAYS, for so many sequences at once at each endpoint.

    Engines of static shapes are compiled for that batch. Where `way` is chip, GPUs keep their masks on the host: there
    is a kernel for Neuron chips only. Raises UsageError for an unknown way, for an endpoint that takes no schema, and
    for chip in a fleet without such a chip.
    """
    if way not in WAYS:
        raise unknown("policy", way, WAYS)
    if way == "chip" and not any(target_of_chip(spec.chip) for spec in fleet.specs):
        names = ", ".join(f"{spec.name} on {spec.chip}" for spec in fleet.specs)
        raise UsageError(f"policy chip needs an AWS Neuron chip; the fleet has {names}: try --fleet inf2-h100")
    specs, profiles = [], {}
    for spec in fleet.specs:
        if way != FREE and not capabilities(spec).schema:
            raise UsageError(f"endpoint {spec.name!r} takes no JSON schema; leave it out, or use the policy {FREE}")
        changes: dict[str, object] = {}
        if way == FREE:
            changes["capabilities"] = {**spec.capabilities, "schema": False}
        profile = fleet.profiles[spec.name]
        if profile.step is not None and not (spec.provider in SLOTTED and spec.engine is None):
            engine = _engine(spec, profile, way, batch, forced_share)
            profiles[spec.name] = profile.model_copy(update={"engine": engine})
            changes["engine"] = None
        specs.append(spec.model_copy(update=changes))
    router = Homes() if isinstance(fleet.router, FirstAble) else fleet.router
    return replace(fleet.with_profiles(profiles), specs=tuple(specs), router=router)


def _engine(spec: EndpointSpec, profile: Profile, way: str, batch: int, forced_share: float) -> EngineSettings:
    settings = settings_of(spec, profile)
    how = WAYS[way]
    if how.masks == "chip" and target_of_chip(profile.chip) is None:
        how = WAYS["cpu"]
    changes: dict[str, object] = {"constrained": how.model_copy(update={"forced_share": forced_share})}
    if settings.buckets is not None:
        changes["buckets"] = settings.buckets.model_copy(update={"batch": batch})
        changes["max_num_seqs"] = batch
    return settings.model_copy(update=changes)
