"""Walks an agent graph: a coroutine on `rt` and `fleet` alone, the same in virtual time and live."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import networkx as nx

from commissure.hal.call import Call
from commissure.hal.clock.dice import Dice
from commissure.hal.errors import CommissureError
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.hal.words import distinct_text
from commissure.sim.workload.agents import Step, check_graph
from commissure.sim.workload.checks import check_whole

MOST_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Visit:
    """One step taken: its call and its tool, in seconds on the run's clock."""

    node: str
    start_s: float
    end_s: float
    reply: Reply


class Workflow(Protocol):
    """A workflow whose dice are named, so that many can run side by side."""

    async def __call__(self, rt: Runtime, fleet: OpenFleet, *inputs: str, name: str = "workflow") -> tuple[Visit, ...]:
        """Run to the end; the visits in the order in which they ended."""


class StepLimit(CommissureError):
    """A workflow took more steps than it may."""


def agent_workflow(graph: nx.DiGraph[str], start: str, steps: int = 1000) -> Workflow:
    """The graph as a workflow of at most so many steps. Raises UsageError; the workflow raises StepLimit.

    `inputs` are texts for the prompt of the first step; each other step whose prompt is a text, not a count, gets the
    answer of the step before it.
    """
    graph = graph.copy()  # what is done to it later does not change the workflow
    nodes = check_graph(graph, start)
    check_whole("steps", steps, 1, MOST_STEPS)

    async def workflow(rt: Runtime, fleet: OpenFleet, *inputs: str, name: str = "workflow") -> tuple[Visit, ...]:
        walk = _Walk(rt, fleet, graph, nodes, name, steps)
        await walk.branch(start, name, _joined(*inputs), frozenset())
        return tuple(walk.visits)

    return workflow


class _Walk:
    """One walk: its visits so far, and the steps that it may still begin."""

    def __init__(
        self,
        rt: Runtime,
        fleet: OpenFleet,
        graph: nx.DiGraph[str],
        nodes: dict[str, Step],
        name: str,
        steps: int,
    ) -> None:
        self.visits: list[Visit] = []
        self._rt, self._fleet, self._graph, self._nodes = rt, fleet, graph, nodes
        self._name = name
        self._steps = self._left = steps

    async def branch(self, node: str, path: str, given: str, joins: frozenset[str]) -> str:
        """Walk from a node to the end, or to one of `joins`; the last answer.

        A branch has dice of its own, named by its path: what it draws does not depend on which branch is faster. To
        evictors it is a workflow of its own.
        """
        dice, place = self._rt.rng(path), 0
        following: str | None = node
        while following is not None and following not in joins:
            node, step, here = following, self._nodes[following], f"{path}/{place}"
            place += 1
            given = await self._visit(node, step, path, here, given)
            if step.fan == "one":
                following = _successor(self._graph, node, dice)
                continue
            inner = joins if step.join is None else joins | {step.join}
            work = [self.branch(next_one, f"{here}/{next_one}", given, inner) for next_one in self._graph.adj[node]]
            given = _joined(*await self._rt.gather(*work))
            following = step.join
        self._fleet.ended(path)
        return given

    async def _visit(self, node: str, step: Step, path: str, key: str, given: str) -> str:
        if self._left == 0:
            raise StepLimit(
                f"{self._name}: more than {self._steps} steps, the next one at node {node!r}: give the cycle that it "
                "is in a likelier way out, or allow more with agent_workflow(steps=...)"
            )
        self._left -= 1
        start_s = self._rt.now()
        reply = await self._fleet.generate(replace(_call(step, key, given), workflow=path, node=node))
        if step.tool_s:
            await self._rt.sleep(step.tool_s)
        self.visits.append(Visit(node, start_s, self._rt.now(), reply))
        return reply.text


def _call(step: Step, key: str, given: str) -> Call:
    """The call of a step: filler by the agent's name, so that its calls share a start; by `key` what is new."""
    system = step.system or distinct_text(step.system_tokens, step.agent)
    prompt = distinct_text(step.prompt_tokens, key) if step.prompt_tokens else _joined(step.prompt, given)
    output = step.output_tokens
    return Call(prompt, system, step.kind, step.agent, max_tokens=output, min_tokens=output)


def _joined(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))


def _successor(graph: nx.DiGraph[str], node: str, dice: Dice) -> str | None:
    """One successor by probability; None where the walk ends."""
    drawn = dice.random()
    for successor, edge in graph.adj[node].items():
        drawn -= edge["probability"]
        if drawn < 0:
            return successor
    return None
