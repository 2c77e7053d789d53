"""On a graph that branches: the prefix with the smallest discounted chance of being used again leaves first."""

from __future__ import annotations

import math

from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache.nextuse.chain import chain_of
from commissure.policies.cache.nextuse.learned import LearnedChain
from commissure.policies.cache.nextuse.users import Users

# A chance of 1 has no finite logarithm.
CERTAIN = 1.0 - 1e-15


class TopologyStochastic(Evictor):
    """E[gamma^T] of the time T to the next use, by a linear solve on the graph's Markov chain, learned as it runs.

    Several workflows, and several agents that share an entry, are taken as independent: 1 - prod(1 - psi). Where the
    graph knows nothing, the least recently used leaves. No such rule has a constant guarantee against the best online
    policy (Karlin, Phillips and Raghavan, SICOMP 2000); it is a good one in practice.
    """

    def __init__(self, chain: LearnedChain, users: Users) -> None:
        self._chain, self._users = chain, users
        self._rows: dict[str, dict[str, float]] = {}

    def for_cache(self, capacity: float) -> TopologyStochastic:
        """With a chain of its own, in which nothing is observed yet."""
        return type(self)(self._chain.fresh(), self._users)

    def asked(self, now: Moment) -> None:
        """Learn from the move."""
        self._chain.called(now.workflow, now.agent)
        self._rows.clear()

    def priority(self, entry: Resident, now: Moment) -> tuple[float, int]:
        """Least likely soon first, then least recently used."""
        return self.chance(entry, now), entry.last_used

    def chance(self, entry: Resident, now: Moment) -> float:
        """-log prod(1 - psi) over where workflows stand and who uses the entry: larger is likelier and sooner."""
        total = 0.0
        for stand in (now.agent, *now.others):
            row = self._rows.get(stand)
            if row is None:
                row = self._rows[stand] = self._chain.chances(stand)
            for user in self._users.of(entry):
                total -= math.log1p(-min(row.get(user, 0.0), CERTAIN))
        return total


def build(plan: Plan) -> TopologyStochastic:
    """Needs the graph."""
    graph = plan.need_graph("topology-stochastic")
    return TopologyStochastic(LearnedChain(chain_of(graph)), Users(graph))
