"""A kind's endpoint: `by_kind:plan=gpt,expand=cerebras,other=sambanova`.

With `strict=true` a call that does not fit its endpoint goes nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import KINDS, Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import cheapest, cheapest_ones, named, only, possible, required, strictness

OTHER = "other"


@dataclass(frozen=True)
class ByKind(Delegation):
    """The endpoint of the kind, else that of `other`, else the cheapest."""

    names: Mapping[str, str] = field(hash=False)
    strict: bool = False

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Those of the kinds."""
        return tuple(self.names.values())

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """By kind alone."""
        name = self.names.get(kind, self.names.get(OTHER))
        return cheapest(fleet, est_tokens) if name is None else named(name, fleet, est_tokens, strict=self.strict)

    def possible(self, depth: int, kind: Kind, est_tokens: int, fleet: FleetStatus) -> tuple[Candidate, ...]:
        """The kind's own, where it can."""
        name = self.names.get(kind, self.names.get(OTHER))
        if name is None:
            return cheapest_ones(fleet, est_tokens)
        return possible(name, fleet, est_tokens, strict=self.strict)


def build(options: dict[str, str]) -> ByKind:
    """Of kinds, `other`, and `strict`."""
    given, strict = strictness(options, "by_kind")
    required(given, "by_kind", "by_kind:plan=gpt,expand=cerebras")
    only(given, (*KINDS, OTHER), "by_kind")
    return ByKind(given, strict)
