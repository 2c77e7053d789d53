"""The cheapest endpoint that can serve the call."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import cheapest, cheapest_ones, only


@dataclass(frozen=True)
class Cheapest(Delegation):
    """By the price of its tokens."""

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """Of equals the one with the fewest calls under way."""
        return cheapest(fleet, est_tokens)

    def possible(self, depth: int, kind: Kind, est_tokens: int, fleet: FleetStatus) -> tuple[Candidate, ...]:
        """Those of the lowest price."""
        return cheapest_ones(fleet, est_tokens)


def build(options: dict[str, str]) -> Cheapest:
    """It has no options."""
    only(options, (), "cheapest")
    return Cheapest()
