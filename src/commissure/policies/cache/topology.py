"""The workflow graph says who is needed next; the prefix whose next use is furthest leaves first."""

from __future__ import annotations

import math

import networkx as nx

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Topology(Evictor):
    """Steps to execution: the fewest edges from the agent that calls now to the entry's agent.

    Those that cannot be reached any more leave before all others; of equals the least recently used
    (the measure of KVFlow, arXiv 2507.07400).
    """

    def __init__(self, graph: nx.DiGraph[str]) -> None:
        self._steps = {source: _steps_from(graph, source) for source in graph}

    def priority(self, entry: Resident, now: Moment) -> tuple[float, int]:
        """Furthest next use first, then least recently used."""
        return -self._steps.get(now.agent, {}).get(entry.agent, math.inf), entry.last_used


def build(plan: Plan) -> Topology:
    """Needs the graph."""
    return Topology(plan.need_graph("topology"))


def _steps_from(graph: nx.DiGraph[str], source: str) -> dict[str, int]:
    """Edges to each agent; for the source itself to its next call, not 0."""
    steps: dict[str, int] = dict(nx.single_source_shortest_path_length(graph, source))
    del steps[source]
    back = [steps.get(before, 0) + 1 for before in graph.predecessors(source) if before == source or before in steps]
    return steps | ({source: min(back)} if back else {})
