"""The endpoint that would answer first, were nobody else there."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import only, seconds


@dataclass(frozen=True)
class Fastest(Delegation):
    """By the times of its profile."""

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """Of equals the one with the fewest calls under way."""
        return min(fleet.candidates, key=lambda one: (seconds(one.profile, est_tokens), one.running))


def build(options: dict[str, str]) -> Fastest:
    """It has no options."""
    only(options, (), "fastest")
    return Fastest()
