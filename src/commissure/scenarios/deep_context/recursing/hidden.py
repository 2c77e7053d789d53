"""Hidden reasoning of hosted models, set alike for all of a fleet."""

from __future__ import annotations

from datetime import date

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.quantity import Quantity


def with_hidden_tokens(fleet: Fleet, tokens: int | None) -> Fleet:
    """The fleet whose hosted models think so many tokens before each answer; as their profiles say if it is None."""
    if tokens is None:
        return fleet
    set_ = Quantity(value=tokens, source="set for this run", as_of=date(2026, 11, 23), assumed=True)
    changed = {
        name: one.model_copy(update={"hosted": one.hosted.model_copy(update={"hidden_tokens": set_})})
        for name, one in fleet.profiles.items()
        if one.hosted is not None
    }
    return fleet.with_profiles(changed)
