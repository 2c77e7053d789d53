"""The members of an ensemble: endpoints of a fleet, each asked by its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from commissure.hal.call import Call
from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.policy import Candidate, FleetStatus, Router
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.scenarios.slotted import with_slots_side_by_side


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
    """The fleet with every endpoint asked by its name, and a KV slot for each of `n` answers where it has slots."""
    return replace(with_slots_side_by_side(fleet, n, slot_tokens), router=Named())


def larger_of(profiles: Iterable[tuple[str, Profile]]) -> str:
    """The name of the endpoint whose model has the most parameters; of equals, or where none is known, the last."""
    *_, (name, _) = sorted(profiles, key=lambda pair: parameters_b(pair[1]))
    return name


def parameters_b(profile: Profile) -> float:
    """Thousand millions of parameters of an endpoint's model; 0 where they are not known."""
    model = models().get(profile.model)
    return value_of(model.parameters_b) if model else 0.0
