"""The seam of placement in a recursion: which endpoint serves a sub-call. Pure: no I/O, no clock, no dice."""

from __future__ import annotations

from abc import ABC, abstractmethod

from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind


class Delegation(ABC):
    """Which model on which chip serves each depth and each kind of sub-call."""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that it knows by name: a recursion over a fleet without one of them does not begin."""
        return ()

    @abstractmethod
    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """One of `fleet.candidates`, those that can serve the call.

        `est_tokens` is about the prompt and the longest answer; `left` is what the recursion's budget still holds,
        infinite where it has no limit. Raises Unsupported to turn a call away that none of them is to serve; whatever
        else it raises ends the recursion.
        """

    def possible(self, depth: int, kind: Kind, est_tokens: int, fleet: FleetStatus) -> tuple[Candidate, ...]:
        """All that `place` may choose for such a call, whatever is left and under way: what a bound counts with."""
        return fleet.candidates
