"""Steps to execution on a static graph: the fewest edges to an agent's next call."""

from __future__ import annotations

import networkx as nx


def steps_from(graph: nx.DiGraph[str], source: str) -> dict[str, int]:
    """Edges to each agent that can be reached; for the source itself to its next call, not 0."""
    steps: dict[str, int] = dict(nx.single_source_shortest_path_length(graph, source))
    del steps[source]
    back = [steps.get(before, 0) + 1 for before in graph.predecessors(source) if before == source or before in steps]
    return steps | ({source: min(back)} if back else {})
