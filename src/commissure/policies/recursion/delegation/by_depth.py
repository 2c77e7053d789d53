"""A depth's endpoint: `by_depth:0=gpt,1=cerebras`; the deepest that is named serves all below it too.

`root` is depth 0, `leaf` depth 1. With `strict=true` a call that does not fit its endpoint goes nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commissure.hal.errors import UsageError
from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import named, possible, required, strictness

DEPTHS = {"root": "0", "leaf": "1"}
FORM = "by_depth:0=gpt,1=cerebras"


@dataclass(frozen=True)
class ByDepth(Delegation):
    """The endpoint of the nearest depth above that is named, else of the first below."""

    names: Mapping[int, str] = field(hash=False)
    strict: bool = False

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Those of the depths."""
        return tuple(self.names.values())

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """By depth alone."""
        return named(self._name(depth), fleet, est_tokens, strict=self.strict)

    def possible(self, depth: int, kind: Kind, est_tokens: int, fleet: FleetStatus) -> tuple[Candidate, ...]:
        """It alone, where it can."""
        return possible(self._name(depth), fleet, est_tokens, strict=self.strict)

    def _name(self, depth: int) -> str:
        above = [one for one in self.names if one <= depth]
        return self.names[max(above) if above else min(self.names)]


def build(options: dict[str, str]) -> ByDepth:
    """Of depths, numbers from 0 on, and `strict`. Raises UsageError for what is none, or given twice."""
    given, strict = strictness(options, "by_depth")
    required(given, "by_depth", FORM)
    names: dict[int, str] = {}
    for key, name in given.items():
        depth = DEPTHS.get(key, key)
        if not (depth.isascii() and depth.isdigit() and len(depth) < 10):
            raise UsageError(f"by_depth: a depth is a number from 0 on, root or leaf, not {key!r}, as in {FORM}")
        if int(depth) in names:
            raise UsageError(f"by_depth: depth {int(depth)} is given twice")
        names[int(depth)] = name
    return ByDepth(names, strict)
