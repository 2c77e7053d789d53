"""Next use, size and cost together: the prefix with the smallest expected saving for its room leaves first."""

from __future__ import annotations

import math

from commissure.hal.eviction import Moment, Plan, Resident
from commissure.policies.cache.nextuse.chain import chain_of
from commissure.policies.cache.nextuse.learned import LearnedChain
from commissure.policies.cache.nextuse.users import Users
from commissure.policies.cache.topology_stochastic import TopologyStochastic


class TopologyCost(TopologyStochastic):
    """Chance of a next use, discounted, x cost of computing it anew / room: GDSF (Cherkasova 1998) with foresight."""

    def priority(self, entry: Resident, now: Moment) -> tuple[float, int]:
        """Smallest expected discounted saving per unit of room first, then least recently used."""
        saving = self.chance(entry, now) * entry.cost
        return saving / entry.size if entry.size else math.inf, entry.last_used


def build(plan: Plan) -> TopologyCost:
    """Needs the graph."""
    graph = plan.need_graph("topology-cost")
    return TopologyCost(LearnedChain(chain_of(graph)), Users(graph))
