"""A kind's endpoint: `by_kind:plan=gpt,expand=cerebras,other=sambanova`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import KINDS, Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import cheapest, named, only, required

OTHER = "other"


@dataclass(frozen=True)
class ByKind(Delegation):
    """The endpoint of the kind, else that of `other`, else the cheapest."""

    names: Mapping[str, str] = field(hash=False)

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """By kind alone."""
        name = self.names.get(kind, self.names.get(OTHER))
        return cheapest(fleet, est_tokens) if name is None else named(name, fleet)


def build(options: dict[str, str]) -> ByKind:
    """Of kinds, and `other`."""
    required(options, "by_kind", "by_kind:plan=gpt,expand=cerebras")
    only(options, (*KINDS, OTHER), "by_kind")
    return ByKind(options)
