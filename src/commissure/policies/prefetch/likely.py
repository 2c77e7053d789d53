"""Fetches what may well be called next."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.eviction import Moment, Plan, Prefetcher, Resident
from commissure.policies.cache.nextuse.chain import chain_of
from commissure.policies.cache.nextuse.learned import LearnedChain

# A fetch that is right costs nothing while a tool runs; a wrong one is in the way of the next call, for as long.
LEAST_CHANCE = 1 / 3


class Likely(Prefetcher):
    """Looks one call ahead of each workflow, on the graph as it has been observed so far.

    One call is enough where a fetch takes no longer than a tool or an answer does; it displaces what the evictor lets
    go anyway (KVFlow, arXiv 2507.07400, loads ahead by steps to execution).
    """

    def __init__(self, chain: LearnedChain, least: float = LEAST_CHANCE) -> None:
        self._chain = chain
        self._least = least

    def for_cache(self, capacity: float) -> Likely:
        """With a chain of its own, in which nothing is observed yet."""
        return Likely(self._chain.fresh(), self._least)

    def asked(self, now: Moment) -> None:
        """Learn from the move."""
        self._chain.called(now.workflow, now.agent)

    def wanted(self, absent: Sequence[Resident], now: Moment) -> Sequence[Resident]:
        """The likeliest first: 1 - prod(1 - p) over where workflows stand and who uses the entry."""
        rows = [self._chain.following(stand) for stand in (now.agent, *now.others)]

        def chance(entry: Resident) -> float:
            missed = 1.0
            for row in rows:
                for user in (entry.agent, *entry.sharers):
                    missed *= 1.0 - min(row.get(user, 0.0), 1.0)
            return 1.0 - missed

        chances = [(chance(entry), entry) for entry in absent]
        likely = [pair for pair in chances if pair[0] >= self._least]
        return [entry for _, entry in sorted(likely, key=lambda pair: -pair[0])]


def build(plan: Plan) -> Likely:
    """Needs the graph."""
    return Likely(LearnedChain(chain_of(plan.need_graph("likely"))))
