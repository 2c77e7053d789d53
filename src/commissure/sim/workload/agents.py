"""Agent workflows as graphs: what an agent does at a node, and where it goes next.

Node attributes are the fields of `Step`; the edge attribute `probability` says how likely a successor is. What a
node's probabilities leave to 1 ends the walk. `walk.agent_workflow` makes a coroutine of a graph.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import networkx as nx
from pydantic import Field, ValidationError, model_validator

from commissure.hal.errors import UsageError, unknown
from commissure.hal.profiles.quantity import Record

Count = Annotated[int, Field(ge=0, le=10_000_000)]
# Sums of probabilities that were written as decimals may pass 1 by rounding.
ROUNDING = 1e-9


class Step(Record):
    """One call and what follows it. Prompts are texts, or counts of tokens for which filler stands.

    A tool runs for `tool_s` seconds after the call. `fan` "one" draws one successor, "all" runs every successor at
    once, each until it ends or comes to the node `join`, and goes on there when all have.
    """

    agent: str = ""
    kind: str = ""
    system: str = ""
    system_tokens: Count = 0
    prompt: str = ""
    prompt_tokens: Count = 0
    output_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 256
    tool_s: Annotated[float, Field(ge=0)] = 0.0
    fan: Literal["one", "all"] = "one"
    join: str | None = None

    @model_validator(mode="after")
    def _text_or_count(self) -> Self:
        for name, text, count in (
            ("system", self.system, self.system_tokens),
            ("prompt", self.prompt, self.prompt_tokens),
        ):
            if text and count:
                raise ValueError(f"give {name} or {name}_tokens, not both")
        if self.join is not None and self.fan == "one":
            raise ValueError('join is for a node with fan "all"')
        return self


def check_graph(graph: nx.DiGraph[str], start: str) -> dict[str, Step]:
    """The steps by node. Raises UsageError naming the node, what is wrong and what is allowed."""
    if start not in graph:
        raise unknown("start node", str(start), map(str, graph))
    steps = {node: _step(node, attributes) for node, attributes in graph.nodes(data=True)}
    for node, step in steps.items():
        _check_edges(graph, node, step)
    reached = {start} | nx.descendants(graph, start)
    unreachable = [node for node in graph if node not in reached]
    if unreachable:
        raise UsageError(f"node {unreachable[0]!r}: cannot be reached from {start!r}; give it an edge or leave it out")
    return steps


def _step(node: object, attributes: dict[str, Any]) -> Step:
    if not isinstance(node, str):
        raise UsageError(f"node {node!r}: the name of a node must be a text")
    for name in attributes:
        if name not in Step.model_fields:
            raise unknown(f"attribute of node {node!r}:", str(name), Step.model_fields)
    try:
        return Step.model_validate({"agent": node} | attributes)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'attributes'}: {item['msg']}, not {item['input']!r:.60}"
            for item in error.errors()
        )
        raise UsageError(f"node {node!r}: {problems}") from None


def _check_edges(graph: nx.DiGraph[str], node: str, step: Step) -> None:
    total = 0.0
    for successor, edge in graph.adj[node].items():
        probability = edge.get("probability", 1.0 if step.fan == "all" else None)
        total += _checked(probability, f"node {node!r}: the edge to {successor!r}", step)
    if step.fan == "one" and total > 1.0 + ROUNDING:
        raise UsageError(f"node {node!r}: the probabilities of its edges sum to {total:g}; at most 1 is allowed")
    if step.fan == "all" and not graph.adj[node]:
        raise UsageError(f'node {node!r}: fan "all" without an edge; give it successors, or fan "one"')
    if step.join is not None and step.join not in nx.descendants(graph, node):
        raise UsageError(f"node {node!r}: join {step.join!r} must be a node that can be reached from it")


def _checked(probability: object, where: str, step: Step) -> float:
    if not isinstance(probability, int | float) or isinstance(probability, bool) or not math.isfinite(probability):
        raise UsageError(f"{where}: probability must be a number above 0 and at most 1, not {probability!r:.40}")
    if step.fan == "all" and probability != 1:
        raise UsageError(f'{where}: fan "all" takes every successor; leave probability out, or 1, not {probability:g}')
    if not 0 < probability <= 1:
        raise UsageError(f"{where}: probability must be above 0 and at most 1, not {probability:g}")
    return float(probability)
