"""Who does what where nobody says: the ablest model of a fleet is the root, the cheapest endpoint the leaf."""

from __future__ import annotations

from collections.abc import Mapping

from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.policies.recursion.places import price_usd

# Of a sub-call, by which endpoints are compared.
_TOKENS = 2000


def ablest(profiles: Mapping[str, Profile]) -> str:
    """The endpoint whose model labels best and codes best, as far as is known; of equals the dearest."""
    return max(profiles, key=lambda name: (*_able(profiles[name]), _price(profiles[name])))


def cheapest(profiles: Mapping[str, Profile]) -> str:
    """The endpoint that is cheapest for a sub-call; of equals the ablest."""
    return min(profiles, key=lambda name: (_price(profiles[name]), *(-one for one in _able(profiles[name]))))


def default_delegation(profiles: Mapping[str, Profile]) -> str:
    """As `--set delegation=` takes it."""
    return f"by_depth:0={ablest(profiles)},1={cheapest(profiles)}"


def _able(profile: Profile) -> tuple[float, float, float]:
    model = models().get(profile.model)
    skill = model.skill if model else None
    if model is None or skill is None:
        return 0.0, 0.0, value_of(model.parameters_b) if model else 0.0
    return value_of(skill.item_accuracy), -value_of(skill.code_error, 1.0), value_of(model.parameters_b)


def _price(profile: Profile) -> float:
    return price_usd(profile, _TOKENS)
