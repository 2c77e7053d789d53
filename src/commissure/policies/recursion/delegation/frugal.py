"""The wanted endpoint while money is plenty, then cheaper ones: `frugal:first=gpt,calls=20`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from commissure.hal.errors import UsageError
from commissure.hal.ledger import Amount
from commissure.hal.policy import Candidate, FleetStatus
from commissure.policies.recursion.ask import Kind
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import cheapest, named, only, price_usd

CALLS = 20
_NUMBER = re.compile("[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Frugal(Delegation):
    """The first endpoint, as long as the money that is left would pay for `calls` such calls; else the dearest of the
    others of which it would; else the cheapest."""

    first: str
    calls: int = CALLS

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The first."""
        return (self.first,)

    def place(self, depth: int, kind: Kind, est_tokens: int, left: Amount, fleet: FleetStatus) -> Candidate:
        """By what is left."""
        first = named(self.first, fleet, est_tokens)
        each = {one.name: price_usd(one.profile, est_tokens) for one in fleet.candidates}
        if self.calls * each[first.name] <= left.usd:
            return first
        paid = [one for one in fleet.candidates if each[one.name] <= each[first.name]]
        paid = [one for one in paid if self.calls * each[one.name] <= left.usd]
        return max(paid, key=lambda one: each[one.name]) if paid else cheapest(fleet, est_tokens)

    def possible(self, depth: int, kind: Kind, est_tokens: int, fleet: FleetStatus) -> tuple[Candidate, ...]:
        """The first, and all that are no dearer."""
        most = price_usd(named(self.first, fleet, est_tokens).profile, est_tokens)
        return tuple(one for one in fleet.candidates if price_usd(one.profile, est_tokens) <= most)


def build(options: dict[str, str]) -> Frugal:
    """Of `first`, and `calls`."""
    only(options, ("first", "calls"), "frugal")
    calls = options.get("calls", str(CALLS))
    if not options.get("first") or not _NUMBER.fullmatch(calls):
        raise UsageError("frugal needs an endpoint, and a number of calls from 1 on, as in frugal:first=gpt,calls=20")
    return Frugal(options["first"], int(calls))
