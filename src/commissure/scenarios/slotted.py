"""Fleets whose llama.cpp servers have a KV slot for each call that runs at once."""

from __future__ import annotations

from dataclasses import replace

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.topology.build import SLOTTED

MOST_SLOTS = 16


def with_slots_side_by_side(fleet: Fleet, calls: int, slot_tokens: int) -> Fleet:
    """The fleet with a KV slot of so many tokens for each of `calls` at once, on endpoints that have slots.

    Slots of a server work side by side, so it is modelled as a batching engine of so many sequences.
    """
    slots = min(calls, MOST_SLOTS)
    slotted = [spec.name for spec in fleet.specs if spec.provider in SLOTTED]
    specs = tuple(_slotted(spec, slots, slot_tokens) if spec.name in slotted else spec for spec in fleet.specs)
    narrow = {name: _with_room(fleet.profiles[name], slot_tokens) for name in slotted}
    return replace(fleet.with_profiles(narrow), specs=specs)


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
