"""Agent workflows as graphs: who may call after whom, with which probability, and who shares a prompt's start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
# A host speaks in turn with two characters, whose prompts are long.
HOST, GUESTS = "host", ("ann", "ben")


@dataclass(frozen=True, slots=True)
class PromptWords:
    """Words, of one token each, of an agent's prompt; those that no other's begins with; those new in each turn."""

    whole: int
    own: int
    turn: int


@dataclass(frozen=True)
class AgentWorkflow:
    """A graph of calls. The entry begins each iteration.

    Edge attribute `probability`; node attributes `agent` (default: the node is one), `shares` and `length` (of the
    agent's prompt).
    """

    graph: nx.DiGraph[str]
    entry: str

    def iterations(self, count: int, stream: Dice) -> Iterator[str]:
        """The nodes in the order of their calls, until the entry has been left so many times."""
        node = self.entry
        for _ in range(count):
            yield node
            node = self._successor(node, stream)
            while node != self.entry:
                yield node
                node = self._successor(node, stream)

    def turns(self, count: int, stream: Dice) -> Iterator[str]:
        """The nodes of so many calls from the entry on."""
        node = self.entry
        for _ in range(count):
            yield node
            node = self._successor(node, stream)

    def agent(self, node: str) -> str:
        """Who calls there."""
        agent: str = self.graph.nodes[node].get("agent", node)
        return agent

    def _successor(self, node: str, stream: Dice) -> str:
        edges = self.graph.adj[node]
        if len(edges) == 1:
            return next(iter(edges))
        return stream.choices(list(edges), [edge["probability"] for edge in edges.values()])[0]

    def system_prompt(self, node: str, words: int) -> str:
        """The agent's prompt of so many words, drawn by its name; shared parts come first."""
        count = self.prompt_words(node, words)
        parts = (distinct_text(count.whole - count.own, self._group(node)), distinct_text(count.own, self.agent(node)))
        return " ".join(filter(None, parts))

    def prompt_words(self, node: str, words: int, turn: int = 0) -> PromptWords:
        """How many words the prompt of the agent there has, where one of length 1 has so many."""
        length: float = self.graph.nodes[node].get("length", 1.0)
        whole = max(1, round(words * length))
        return PromptWords(whole, whole - (round(whole * SHARED_PART) if self._group(node) else 0), turn)

    def _group(self, node: str) -> str:
        group: str = self.graph.nodes[node].get("shares", "")
        return group


def build_workflow(name: WorkflowName, agents: int) -> AgentWorkflow:
    """The loop of so many agents, or the branching workflow of eight."""
    if name == "branching":
        return AgentWorkflow(_graph(BRANCHES, SHARED), next(iter(BRANCHES)))
    names = [ROLES[number] if number < len(ROLES) else f"agent-{number + 1}" for number in range(agents)]
    loop = {agent: {names[(number + 1) % agents]: 1.0} for number, agent in enumerate(names)}
    return AgentWorkflow(_graph(loop, {}), names[0])


def interview(host_length: float) -> AgentWorkflow:
    """The host asks one guest after the other, round and round; his prompt is `host_length` times a guest's."""
    turns = [node for guest in GUESTS for node in (f"{HOST} asks {guest}", guest)]
    graph = _graph({node: {turns[(place + 1) % len(turns)]: 1.0} for place, node in enumerate(turns)}, {})
    for node in turns:
        if node not in GUESTS:
            graph.nodes[node].update(agent=HOST, length=host_length)
    return AgentWorkflow(graph, turns[0])


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
