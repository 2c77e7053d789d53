"""Agent workflows as graphs: who may call after whom, with which probability, and who shares a prompt's start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

import networkx as nx

from commissure.hal.clock.dice import Dice, dice
from commissure.hal.words import distinct_text
from commissure.policies.cache.traces.families import FAMILIES

WorkflowName = Literal["loop", "branching"]
ROLES = ("planner", "researcher", "coder", "tester", "reviewer", "writer")

# From -> {to: probability}. The researcher and the searcher, and the coder and the tester, work in
# sub-loops; every path returns to the planner.
BRANCHES: dict[str, dict[str, float]] = {
    "planner": {"researcher": 0.5, "coder": 0.5},
    "researcher": {"searcher": 0.6, "coder": 0.2, "writer": 0.2},
    "searcher": {"researcher": 1.0},
    "coder": {"tester": 1.0},
    "tester": {"coder": 0.6, "reviewer": 0.4},
    "reviewer": {"planner": 0.5, "writer": 0.5},
    "writer": {"editor": 1.0},
    "editor": {"planner": 1.0},
}
# Agents whose system prompts begin alike.
SHARED = {"coder": "codebase", "tester": "codebase", "researcher": "library", "searcher": "library"}
SHARED_PART = 0.4
# A host speaks in turn with two characters, whose prompts are long; what he knows of them is short.
HOST, GUESTS, HOST_LENGTH = "host", ("ann", "ben"), 0.25


@dataclass(frozen=True)
class AgentWorkflow:
    """A graph of agents; edge attribute `probability`, node attributes `shares` and `length` (of its prompt).

    The entry begins each iteration. With a `script` the agents call in its order, round and round, whatever the graph
    says of chances.
    """

    graph: nx.DiGraph[str]
    entry: str
    script: tuple[str, ...] = ()

    def iterations(self, count: int, stream: Dice) -> Iterator[str]:
        """The agents in the order of their calls, until the entry has been left so many times."""
        if self.script:
            yield from islice(cycle(self.script), count * len(self.script))
            return
        agent = self.entry
        for _ in range(count):
            yield agent
            agent = self._successor(agent, stream)
            while agent != self.entry:
                yield agent
                agent = self._successor(agent, stream)

    def turns(self, count: int, stream: Dice) -> Iterator[str]:
        """The agents of so many calls from the entry on."""
        agent = self.entry
        for _ in range(count):
            yield agent
            agent = self._successor(agent, stream)

    def _successor(self, agent: str, stream: Dice) -> str:
        edges = self.graph.adj[agent]
        if len(edges) == 1:
            return next(iter(edges))
        return stream.choices(list(edges), [edge["probability"] for edge in edges.values()])[0]

    def system_prompt(self, agent: str, words: int) -> str:
        """The agent's prompt of so many words, drawn by its name; shared parts come first."""
        node = self.graph.nodes[agent]
        words = max(1, round(words * node.get("length", 1.0)))
        group = node.get("shares", "")
        shared = round(words * SHARED_PART) if group else 0
        return " ".join(filter(None, (distinct_text(shared, group), distinct_text(words - shared, agent))))


def build_workflow(name: WorkflowName, agents: int) -> AgentWorkflow:
    """The loop of so many agents, or the branching workflow of eight."""
    if name == "branching":
        return AgentWorkflow(_graph(BRANCHES, SHARED), next(iter(BRANCHES)))
    names = [ROLES[number] if number < len(ROLES) else f"agent-{number + 1}" for number in range(agents)]
    loop = {agent: {names[(number + 1) % agents]: 1.0} for number, agent in enumerate(names)}
    return AgentWorkflow(_graph(loop, {}), names[0])


def interview() -> AgentWorkflow:
    """Host and guests: the host asks one guest after the other; his graph says that he asks either."""
    graph = _graph({HOST: dict.fromkeys(GUESTS, 0.5), **{guest: {HOST: 1.0} for guest in GUESTS}}, {})
    graph.nodes[HOST]["length"] = HOST_LENGTH
    return AgentWorkflow(graph, HOST, tuple(one for guest in GUESTS for one in (HOST, guest)))


def random_workflows(family: str, seed: int) -> list[AgentWorkflow]:
    """The workflows of a random case of a family: one for each part of its graph, which they all hold."""
    graph = FAMILIES[family](dice(f"{family}/{seed}"))
    parts = nx.weakly_connected_components(graph)
    entries = [next(node for node in graph if node in part) for part in parts]
    return [AgentWorkflow(graph, entry) for entry in entries]


def _graph(edges: Mapping[str, Mapping[str, float]], shared: Mapping[str, str]) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for agent in edges:
        graph.add_node(agent, shares=shared.get(agent, ""))
    for agent, successors in edges.items():
        for successor, probability in successors.items():
            graph.add_edge(agent, successor, probability=probability)
    return graph
