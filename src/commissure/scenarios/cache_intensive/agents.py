"""Agent workflows as graphs: who may call after whom, with which probability, and who shares a prompt's start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import networkx as nx

from commissure.hal.clock.dice import Dice
from commissure.hal.words import distinct_text

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


@dataclass(frozen=True)
class AgentWorkflow:
    """A graph of agents; edge attribute `probability`, node attribute `shares`. The entry begins each iteration."""

    graph: nx.DiGraph[str]
    entry: str

    def walk(self, iterations: int, dice: Dice) -> Iterator[str]:
        """The agents in the order of their calls, until the entry has been left so many times."""
        agent = self.entry
        for _ in range(iterations):
            yield agent
            agent = self._successor(agent, dice)
            while agent != self.entry:
                yield agent
                agent = self._successor(agent, dice)

    def _successor(self, agent: str, dice: Dice) -> str:
        edges = self.graph.adj[agent]
        if len(edges) == 1:
            return next(iter(edges))
        return dice.choices(list(edges), [edge["probability"] for edge in edges.values()])[0]

    def system_prompt(self, agent: str, words: int) -> str:
        """The agent's prompt of so many words, drawn by its name; shared parts come first."""
        group = self.graph.nodes[agent]["shares"]
        shared = round(words * SHARED_PART) if group else 0
        return " ".join(filter(None, (distinct_text(shared, group), distinct_text(words - shared, agent))))


def build_workflow(name: WorkflowName, agents: int) -> AgentWorkflow:
    """The loop of so many agents, or the branching workflow of eight."""
    branches = BRANCHES if name == "branching" else _loop(agents)
    graph: nx.DiGraph[str] = nx.DiGraph()
    for agent in branches:
        graph.add_node(agent, shares=SHARED.get(agent, "") if name == "branching" else "")
    for agent, successors in branches.items():
        for successor, probability in successors.items():
            graph.add_edge(agent, successor, probability=probability)
    return AgentWorkflow(graph, next(iter(branches)))


def _loop(agents: int) -> dict[str, dict[str, float]]:
    names = [ROLES[number] if number < len(ROLES) else f"agent-{number + 1}" for number in range(agents)]
    return {name: {names[(number + 1) % agents]: 1.0} for number, name in enumerate(names)}
