"""Random workflows of three families and walks on them: what evictors are compared on, each case by its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heapreplace
from itertools import pairwise
from typing import Literal

import networkx as nx

from commissure.hal.clock.dice import Dice, dice
from commissure.hal.errors import unknown
from commissure.policies.cache.traces.flat import Use

# How a graph is wrong.
How = Literal["missing", "permuted"]


@dataclass(frozen=True)
class Case:
    """A workflow graph, a walk on it, and a cache that is too small for all its agents."""

    graph: nx.DiGraph[str]
    uses: tuple[Use, ...]
    places: int


def branching(stream: Dice) -> nx.DiGraph[str]:
    """8 to 24 agents in a circle; from about half of them one or two edges lead elsewhere as well."""
    return _branching("", stream.randint(8, 24), stream)


def nested(stream: Dice) -> nx.DiGraph[str]:
    """8 to 24 agents: a circle of loops of one to four agents, each repeated with a probability of its own."""
    return _nested("", stream.randint(8, 24), stream)


def concurrent(stream: Dice) -> nx.DiGraph[str]:
    """Two to four workflows side by side, branching or nested, of 4 to 9 agents and a pace of its own each."""
    graphs = []
    for number in range(stream.randint(2, 4)):
        make = stream.choice((_branching, _nested))
        graph, pace = make(f"w{number}/", stream.randint(4, 9), stream), stream.uniform(0.5, 2.0)
        for agent in graph:
            graph.nodes[agent]["duration_s"] *= pace
        graphs.append(graph)
    return nx.compose_all(graphs)


FAMILIES: dict[str, Callable[[Dice], nx.DiGraph[str]]] = {
    "branching": branching,
    "nested": nested,
    "concurrent": concurrent,
}


def make_case(family: str, seed: int, length: int = 400) -> Case:
    """A case of a family, with so many uses and places for 30 to 75 % of the agents. Raises UsageError."""
    if family not in FAMILIES:
        raise unknown("family of workflows", family, FAMILIES)
    stream = dice(f"{family}/{seed}")
    graph = FAMILIES[family](stream)
    uses = walk(graph, length, stream)
    agents = len({use.key for use in uses})
    return Case(graph, uses, stream.randint(max(2, round(0.3 * agents)), max(2, round(0.75 * agents))))


def walk(graph: nx.DiGraph[str], length: int, stream: Dice) -> tuple[Use, ...]:
    """So many uses: each weakly connected part is a workflow that starts at its first node and walks by its edges.

    A stay at a node is exponential with mean `duration_s`: the most random that a mean allows.
    """
    starts = [next(node for node in graph if node in part) for part in nx.weakly_connected_components(graph)]
    due = [(0.0, workflow, start) for workflow, start in enumerate(starts)]
    heapify(due)
    stands: dict[int, str] = {}
    uses: list[Use] = []
    while len(uses) < length:
        now_s, workflow, agent = due[0]
        stands[workflow] = agent
        others = tuple(stand for one, stand in stands.items() if one != workflow)
        uses.append(Use(agent, agent, workflow=str(workflow), others=others))
        stay_s = stream.expovariate(1.0 / graph.nodes[agent]["duration_s"])
        edges = graph.adj[agent]
        following = stream.choices(list(edges), [edge["probability"] for edge in edges.values()])[0]
        heapreplace(due, (now_s + stay_s, workflow, following))
    return tuple(uses)


def _branching(prefix: str, agents: int, stream: Dice) -> nx.DiGraph[str]:
    names = [f"{prefix}{number}" for number in range(agents)]
    weights: dict[str, dict[str, float]] = {one: {other: 1.0} for one, other in pairwise([*names, names[0]])}
    for name in names:
        if stream.random() < 0.5:
            for other in stream.sample([one for one in names if one != name], stream.randint(1, 2)):
                weights[name][other] = weights[name].get(other, 0.0) + stream.uniform(0.2, 1.5)
    return _graph(weights, stream)


def _nested(prefix: str, agents: int, stream: Dice) -> nx.DiGraph[str]:
    names = [f"{prefix}{number}" for number in range(agents)]
    loops, rest = [], names
    while rest:
        size = stream.randint(1, 4)
        loops.append(rest[:size])
        rest = rest[size:]
    weights: dict[str, dict[str, float]] = {}
    for loop, following in pairwise([*loops, loops[0]]):
        weights |= {one: {other: 1.0} for one, other in pairwise(loop)}
        again = stream.uniform(0.3, 0.85) if len(loop) > 1 else 0.0
        leaving = {following[0]: 1.0 - again} if len(loops) > 1 else {loop[0]: 1.0 - again}
        weights[loop[-1]] = leaving | ({loop[0]: again + leaving.get(loop[0], 0.0)} if again else {})
    return _graph(weights, stream)


def _graph(weights: dict[str, dict[str, float]], stream: Dice) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name in weights:
        graph.add_node(name, duration_s=stream.uniform(0.5, 1.5))
    for name, edges in weights.items():
        for other, weight in edges.items():
            graph.add_edge(name, other, probability=weight / sum(edges.values()))
    return graph


def spoiled(graph: nx.DiGraph[str], how: How, part: float, stream: Dice) -> nx.DiGraph[str]:
    """A wrong copy of a workflow's graph: that part of its edges is left out, or has its targets exchanged.

    What is left of a node's probabilities is scaled to 1.
    """
    edges = list(graph.edges)
    chosen = stream.sample(edges, round(part * len(edges)))
    targets = [target for _, target in chosen]
    stream.shuffle(targets)
    moved = dict(zip(chosen, targets, strict=True))
    weights: dict[str, dict[str, float]] = {node: {} for node in graph}
    for (node, target), probability in nx.get_edge_attributes(graph, "probability").items():
        if (node, target) not in moved:
            weights[node][target] = weights[node].get(target, 0.0) + probability
        elif how == "permuted":
            other = moved[node, target]
            weights[node][other] = weights[node].get(other, 0.0) + probability
    wrong: nx.DiGraph[str] = nx.DiGraph()
    wrong.add_nodes_from(graph.nodes(data=True))
    for node, row in weights.items():
        for target, weight in row.items():
            wrong.add_edge(node, target, probability=weight / sum(row.values()))
    return wrong
