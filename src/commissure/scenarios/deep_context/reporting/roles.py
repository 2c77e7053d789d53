"""Who extracts, writes and verifies: endpoints by the kind of sub-call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from commissure.hal.errors import unknown
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.reply import Usage
from commissure.policies.recursion.delegation.by_kind import OTHER, ByKind
from commissure.scenarios.deep_context.reporting.settings import Settings

# Of a sub-call of reading: what it reads and what it says.
_READ, _SAID = 1000, 300


@dataclass(frozen=True, slots=True)
class Roles:
    """`reads` extracts, `writes` writes, `checks` verifies: names of endpoints."""

    reads: str
    writes: str
    checks: str

    @property
    def delegation(self) -> ByKind:
        """By the kind of sub-call; who has no room for one leaves it to the cheapest that has."""
        return ByKind({"retrieve": self.reads, "verify": self.checks, OTHER: self.writes})


def roles_of(profiles: Mapping[str, Profile], settings: Settings, policy: str) -> Roles:
    """Of a policy. Raises UsageError for a name that the fleet does not have."""
    dear, cheap = max(profiles, key=_rank(profiles)), min(_by_the_token(profiles), key=_rank(profiles))
    baseline = _named("baseline", settings.baseline, profiles) or dear
    root = _named("root", settings.root, profiles) or dear
    leaf = _named("leaf", settings.leaf, profiles) or cheap
    verifier = _named("verifier", settings.verifier, profiles) or leaf
    if policy in ("one_call", "chunked"):
        return Roles(baseline, baseline, baseline)
    if policy == "homogeneous":
        return Roles(root, root, root)
    return Roles(leaf, root, verifier)


def price_usd(profile: Profile) -> float:
    """Of a call of reading; by the hour paid endpoints cost nothing by the call."""
    return profile.price_usd(Usage(_READ, 0, _SAID))


def used(roles: Roles) -> tuple[str, ...]:
    """The endpoints that a policy needs, each once."""
    return tuple(dict.fromkeys((roles.reads, roles.writes, roles.checks)))


def _by_the_token(profiles: Mapping[str, Profile]) -> list[str]:
    """Those with a price by the token, or all: what is paid by the hour is not cheap because a call has no price."""
    return [name for name, one in profiles.items() if price_usd(one) > 0] or list(profiles)


def _rank(profiles: Mapping[str, Profile]) -> Callable[[str], tuple[float, float]]:
    """By price, then by the size of the model."""

    def key(name: str) -> tuple[float, float]:
        model = models().get(profiles[name].model)
        return price_usd(profiles[name]), value_of(model.parameters_b) if model else 0.0

    return key


def _named(role: str, name: str, profiles: Mapping[str, Profile]) -> str:
    if name and name not in profiles:
        raise unknown(f"endpoint of setting {role}", name, profiles)
    return name
