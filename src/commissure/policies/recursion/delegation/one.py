"""One endpoint for everything: `one:all=name`, or the first of the fleet that can.

With `strict=true` a call that does not fit it goes nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.errors import UsageError
from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import named, only, possible, strictness


@dataclass(frozen=True)
class One(Delegation):
    """The named one; where none is named, the first that can serve the call."""

    name: str = ""
    strict: bool = False

    @property
    def endpoints(self) -> tuple[str, ...]:
        """It, where it is named."""
        return (self.name,) if self.name else ()

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """It, whatever is asked."""
        return named(self.name, fleet, est_tokens, strict=self.strict) if self.name else fleet.candidates[0]

    def possible(self, depth: int, kind: Kind, est_tokens: int, fleet: FleetStatus) -> tuple[Candidate, ...]:
        """It alone, where it can."""
        if not self.name:
            return fleet.candidates[:1]
        return possible(self.name, fleet, est_tokens, strict=self.strict)


def build(options: dict[str, str]) -> One:
    """Of `all`, and `strict`."""
    given, strict = strictness(options, "one")
    only(given, ("all",), "one")
    if strict and not given:
        raise UsageError("one: strict=true needs an endpoint, as in one:all=gpt,strict=true")
    return One(given.get("all", ""), strict)
