"""The members of an ensemble: endpoints of a fleet, each asked by its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from commissure.hal.call import Call
from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.policy import Candidate, FleetStatus, Router
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.topology.build import SLOTTED

MOST_SLOTS = 16


@dataclass(frozen=True, slots=True)
class Named(Router):
    """Each call goes to the endpoint that its node names."""

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """The one of that name. Raises UsageError if there is none, or if it cannot serve the call."""
        found = next((one for one in fleet.candidates if one.name == call.node), None)
        if found is None:
            raise unknown("member", call.node, [one.name for one in fleet.candidates])
        if not found.can_serve(call):
            raise UsageError(
                f"endpoint {found.name!r} cannot serve a call of {call.agent}: {found.refusal(call)}. Every endpoint "
                "of the fleet is asked: give another --fleet, or ask for less: --set grammar=false sends no schema, "
                "--set temperature=0 no temperature; a greater slot_tokens gives room"
            )
        return found


def with_members(fleet: Fleet, n: int, slot_tokens: int) -> Fleet:
    """The fleet with every endpoint asked by its name, and a KV slot for each of `n` answers where it has slots.

    Slots of a server work side by side, so it is modelled as a batching engine of so many sequences.
    """
    slots = min(n, MOST_SLOTS)
    slotted = [spec.name for spec in fleet.specs if spec.provider in SLOTTED]
    specs = tuple(_slotted(spec, slots, slot_tokens) if spec.name in slotted else spec for spec in fleet.specs)
    narrow = {name: _with_room(fleet.profiles[name], slot_tokens) for name in slotted}
    return replace(fleet.with_profiles(narrow), specs=specs, router=Named())


def _slotted(spec: EndpointSpec, slots: int, slot_tokens: int) -> EndpointSpec:
    engine = spec.engine or EngineSettings(max_num_seqs=slots)
    return EndpointSpec.model_validate(
        spec.model_dump() | {"slots": slots, "slot_tokens": slot_tokens, "engine": engine.model_dump()}
    )


def _with_room(profile: Profile, tokens: int) -> Profile:
    """What is known of an endpoint whose sequences have this much room each."""
    whole = profile.context_tokens
    if whole is None or whole.value <= tokens:
        return profile
    return profile.model_copy(update={"context_tokens": whole.model_copy(update={"value": tokens})})


def larger_of(profiles: Iterable[tuple[str, Profile]]) -> str:
    """The name of the endpoint whose model has the most parameters; of equals, or where none is known, the last."""
    *_, (name, _) = sorted(profiles, key=lambda pair: parameters_b(pair[1]))
    return name


def parameters_b(profile: Profile) -> float:
    """Thousand millions of parameters of an endpoint's model; 0 where they are not known."""
    model = models().get(profile.model)
    return value_of(model.parameters_b) if model else 0.0
