"""Families of workflows and walks on them, from whole numbers that a property test or dice choose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import networkx as nx

from commissure.policies.cache.traces.flat import Use

# Chooses a whole number between two, both included. A smaller one gives a simpler workflow, so that examples shrink.
Pick = Callable[[int, int], int]
Edges = list[tuple[str, str]]
PERCENT = 100


def loop(names: Sequence[str], pick: Pick) -> Edges:
    """Each calls the next, the last one the first."""
    return list(zip(names, [*names[1:], names[0]], strict=True))


def branching(names: Sequence[str], pick: Pick) -> Edges:
    """A loop in which each may also pass on to any other."""
    count = len(names)
    skips = [(name, names[(place + 1 + pick(0, count - 1)) % count]) for place, name in enumerate(names)]
    return loop(names, pick) + skips


def nested_loops(names: Sequence[str], pick: Pick) -> Edges:
    """A loop, a loop within it, and one within that: a back edge from the end of each to its beginning."""
    edges, first, last = loop(names, pick), 0, len(names) - 1
    for _ in range(2):
        first = pick(first, last)
        last = pick(first, last)
        edges.append((names[last], names[first]))
    return edges


def calls(names: Sequence[str], pick: Pick) -> Edges:
    """A tree: who is called returns to its caller; the root calls, and ends."""
    edges: Edges = []
    for place in range(1, len(names)):
        caller = names[pick(0, place - 1)]
        edges += [(caller, names[place]), (names[place], caller)]
    return edges


def concurrent(names: Sequence[str], pick: Pick) -> Edges:
    """Two or three workflows of the other families beside one another, which share nothing."""
    parts = min(pick(2, 3), len(names))
    families = (loop, branching, nested_loops, calls)
    shares = [names[place::parts] for place in range(parts)]
    return [edge for share in shares for edge in families[pick(0, 3)](share, pick)]


FAMILIES: dict[str, Callable[[Sequence[str], Pick], Edges]] = {
    "loop": loop,
    "branching": branching,
    "nested loops": nested_loops,
    "tree of calls": calls,
    "concurrent": concurrent,
}


def workflow(family: str, agents: int, pick: Pick) -> nx.DiGraph[str]:
    """A workflow of a family with agents a, b, c, ...: bare, or with `probability` and `duration_s`.

    What the probabilities of a node's edges leave to 1 ends the workflow there.
    """
    names = [chr(ord("a") + number) if number < 26 else f"a{number}" for number in range(agents)]
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(FAMILIES[family](names, pick))
    if pick(0, 1):
        for name in names:
            graph.nodes[name]["duration_s"] = float(pick(1, 4))
            weights = {after: pick(1, 3) for after in graph.successors(name)}
            whole = sum(weights.values()) + pick(0, 1)
            for after, weight in weights.items():
                graph.edges[name, after]["probability"] = weight / whole
    return graph


def following(graph: nx.DiGraph[str], agent: str, percent: int) -> str | None:
    """Who calls after an agent, at a percentage of the probability; None where the workflow ends."""
    passed, after = 0.0, list(graph.successors(agent))
    for one in after:
        passed += graph.edges[agent, one].get("probability", 1 / len(after))
        if percent < PERCENT * passed:
            return one
    return None


def walk(graph: nx.DiGraph[str], picks: Iterable[int], *, at_once: int = 1) -> list[Use]:
    """Uses by `at_once` workflows that go round in the graph; one that ends begins anew.

    A pick below 100 moves the first one by that percentage, one below 200 the second, and so on. Where the graph has
    several components, each has a workflow at least.
    """
    homes = [[agent for agent in graph if agent in part] for part in nx.weakly_connected_components(graph)]
    tokens = max(at_once, len(homes))
    stands: dict[int, str | None] = {}
    uses: list[Use] = []
    for pick in picks:
        token = pick // PERCENT % tokens
        before = stands.get(token)
        after = following(graph, before, pick % PERCENT) if before is not None else None
        agent = stands[token] = after if after is not None else homes[token % len(homes)][0]
        others = tuple(where for other, where in stands.items() if other != token and where is not None)
        uses.append(Use(agent, agent, workflow=f"w{token + 1}" if tokens > 1 else "", others=others))
    return uses
