"""Which nodes of a workflow graph use a prefix: an agent may call at several of them."""

from __future__ import annotations

import networkx as nx

from commissure.hal.eviction import Resident


class Users:
    """By the node attribute `agent`; without it a node is an agent of its own."""

    def __init__(self, graph: nx.DiGraph[str]) -> None:
        nodes: dict[str, list[str]] = {}
        for node in graph:
            nodes.setdefault(str(graph.nodes[node].get("agent", node)), []).append(node)
        self._nodes = {name: tuple(group) for agent, group in nodes.items() for name in (agent, *group)}

    def of(self, entry: Resident) -> tuple[str, ...]:
        """The nodes at which the entry is used; its agents themselves where the graph does not know them."""
        if not entry.sharers:
            return self._nodes.get(entry.agent, (entry.agent,))
        users = (entry.agent, *entry.sharers)
        return tuple(dict.fromkeys(node for user in users for node in self._nodes.get(user, (user,))))
