"""A depth's endpoint: `by_depth:0=gpt,1=cerebras`; the deepest that is named serves all below it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commissure.hal.errors import UsageError
from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import named, required


@dataclass(frozen=True)
class ByDepth(Delegation):
    """The endpoint of the nearest depth above that is named, else of the first below."""

    names: Mapping[int, str] = field(hash=False)

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """By depth alone."""
        above = [one for one in self.names if one <= depth]
        return named(self.names[max(above) if above else min(self.names)], fleet)


def build(options: dict[str, str]) -> ByDepth:
    """Of depths, numbers from 0 on."""
    required(options, "by_depth", "by_depth:0=gpt,1=cerebras")
    for key in options:
        if not key.isdigit():
            raise UsageError(f"by_depth: a depth is a number from 0 on, not {key!r}, as in by_depth:0=gpt,1=cerebras")
    return ByDepth({int(key): name for key, name in options.items()})
