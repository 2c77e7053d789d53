"""Open modelled endpoints: by KV slots as llama.cpp has them, or by a batching server."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import partial

from commissure.hal import connect as live
from commissure.hal.endpoint import Endpoint
from commissure.hal.fleets.fleet import Connect, Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Profile
from commissure.hal.runtime import Runtime
from commissure.sim import endpoint as slotted
from commissure.sim import served
from commissure.sim.behaviour import Behaviour, ByModel
from commissure.sim.engine.masking import mask_costs
from commissure.sim.runtime import SimRuntime
from commissure.sim.topology.build import SLOTTED, Site, block_tokens

# The provider that answers at once, in either world.
AT_ONCE = "null"


def connector(rt: SimRuntime, fleet: Fleet, seed: int, behaviour: Behaviour | ByModel | None = None) -> Connect:
    """What opens the endpoints of one run of a fleet; they share what the fleet says that they share."""
    site = Site(rt.env, block_tokens(fleet), fleet.folder, seed, faults=fleet.faults)
    site.evictor, site.placer, site.constrain = fleet.evictor, fleet.placer, mask_costs
    return partial(_open, rt, site, behaviour)


def _open(
    rt: SimRuntime, site: Site, behaviour: Behaviour | ByModel | None, spec: EndpointSpec, profile: Profile, _: Runtime
) -> AbstractAsyncContextManager[Endpoint]:
    if spec.provider == AT_ONCE:
        return live.connect(spec, profile, rt)
    says = behaviour.at(profile) if isinstance(behaviour, ByModel) else behaviour
    if spec.provider in SLOTTED and spec.engine is None:
        return slotted.connect(spec, profile, rt, says)
    return served.connect(spec, profile, rt, site, says)
