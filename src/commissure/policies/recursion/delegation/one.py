"""One endpoint for everything: `one:all=name`, or the first of the fleet that can."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import named, only


@dataclass(frozen=True)
class One(Delegation):
    """The named one; where none is named, the first that can serve the call."""

    name: str = ""

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """It, whatever is asked."""
        return named(self.name, fleet) if self.name else fleet.candidates[0]


def build(options: dict[str, str]) -> One:
    """Of `all`."""
    only(options, ("all",), "one")
    return One(options.get("all", ""))
