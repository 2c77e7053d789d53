"""The workflow graph says who is needed next; the prefix whose next use is furthest leaves first."""

from __future__ import annotations

import math

import networkx as nx

from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache.nextuse.steps import steps_from
from commissure.policies.cache.nextuse.users import Users


class Topology(Evictor):
    """Steps to execution: the fewest edges from where a workflow stands to an agent that uses the entry.

    Those that cannot be reached any more leave before all others; of equals the least recently used
    (the measure of KVFlow, arXiv 2507.07400).
    """

    def __init__(self, graph: nx.DiGraph[str]) -> None:
        self._steps = {source: steps_from(graph, source) for source in graph}
        self._users = Users(graph)

    def priority(self, entry: Resident, now: Moment) -> tuple[float, int]:
        """Furthest next use first, then least recently used."""
        rows = [self._steps.get(agent, {}) for agent in (now.agent, *now.others)]
        nearest = min(row.get(user, math.inf) for row in rows for user in self._users.of(entry))
        return -nearest, entry.last_used


def build(plan: Plan) -> Topology:
    """Needs the graph."""
    return Topology(plan.need_graph("topology"))
