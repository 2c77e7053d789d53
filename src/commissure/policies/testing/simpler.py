"""Simpler cases than one that breaks an invariant: how a counter-example shrinks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

import networkx as nx

from commissure.policies.cache.traces.flat import Use
from commissure.policies.testing.case import Case


def simpler(case: Case) -> Iterator[Case]:
    """Cases that are each a step simpler: fewer uses, a smaller cache, a plainer workflow, less that is special."""
    yield from _fewer_uses(case)
    largest = max(use.size for use in case.uses)
    if case.capacity - 1 >= largest:
        yield replace(case, capacity=case.capacity - 1)
    yield from _plainer(case)
    yield from _smaller_graphs(case)
    if case.seed:
        yield replace(case, seed=0)


def _fewer_uses(case: Case) -> Iterator[Case]:
    """Without a half, a quarter, ..., one of them; with a cache that is smaller, too."""
    count = len(case.uses)
    length = count // 2
    while length:
        for first in range(0, count, length):
            uses = case.uses[:first] + case.uses[first + length :]
            if uses:
                less = replace(case, uses=uses, runs=case.runs[:first] + case.runs[first + length :])
                yield less
                if case.capacity - 1 >= max(use.size for use in uses):
                    yield replace(less, capacity=case.capacity - 1)
        length //= 2


def _plainer(case: Case) -> Iterator[Case]:
    """Without bypass, calls that run on, concurrent workflows, sizes and costs, second prefixes of an agent."""
    if case.bypass:
        yield replace(case, bypass=False)
    if case.runs:
        yield replace(case, runs=())
    for place, run in enumerate(case.runs):
        if run:
            yield replace(case, runs=(*case.runs[:place], run - 1, *case.runs[place + 1 :]))
    for change in ({"workflow": "", "others": ()}, {"others": ()}, {"size": 1.0}, {"cost": 1.0}):
        yield from _with_uses(case, tuple(replace(use, **change) for use in case.uses))
    for key in dict.fromkeys(use.key for use in case.uses):
        yield from _with_uses(case, tuple(replace(use, size=1.0) if use.key == key else use for use in case.uses))
        yield from _with_uses(case, tuple(replace(use, cost=1.0) if use.key == key else use for use in case.uses))
        yield from _with_uses(case, tuple(replace(use, key=use.agent) if use.key == key else use for use in case.uses))


def _with_uses(case: Case, uses: tuple[Use, ...]) -> Iterator[Case]:
    sizes: dict[Hashable, float] = {}
    alike = all(sizes.setdefault(use.key, use.size) == use.size for use in uses)
    if alike and uses != case.uses:
        yield replace(case, uses=uses)


def _smaller_graphs(case: Case) -> Iterator[Case]:
    """Without attributes, without an agent that makes no use, with one edge less, with the first names."""
    graph = case.graph
    bare: nx.DiGraph[str] = nx.DiGraph()
    bare.add_nodes_from(graph)
    bare.add_edges_from(graph.edges)
    if any(said for _, said in graph.nodes(data=True)) or any(said for *_, said in graph.edges(data=True)):
        yield replace(case, graph=bare)
    named = {use.agent for use in case.uses} | {other for use in case.uses for other in use.others}
    for agent in graph:
        if agent not in named and len(graph) > 1:
            fewer = graph.copy()
            fewer.remove_node(agent)
            yield replace(case, graph=fewer)
    for edge in graph.edges:
        less = graph.copy()
        less.remove_edge(*edge)
        yield replace(case, graph=less)
    yield from _renamed(case)


def _renamed(case: Case) -> Iterator[Case]:
    """Each key its own agent's; and agents with the names a, b, c, ... in the order of their use."""
    graph = case.graph
    strangers = [str(use.key) for use in case.uses if use.key != use.agent]
    if strangers and not any(use.others for use in case.uses):
        wider = graph.copy()
        wider.add_nodes_from(strangers)
        yield replace(case, graph=wider, uses=tuple(replace(use, agent=str(use.key)) for use in case.uses))
    known = dict.fromkeys([*(use.agent for use in case.uses), *graph])
    names = {agent: chr(ord("a") + place) for place, agent in enumerate(known)}
    if len(known) > 26 or all(one == other for one, other in names.items()):
        return
    uses = tuple(
        replace(use, agent=names[use.agent], key=names[use.agent] + ("" if use.key == use.agent else "2"),
                others=tuple(names.get(one, one) for one in use.others)) for use in case.uses
    )  # fmt: skip
    renamed: nx.DiGraph[str] = nx.DiGraph()
    renamed.add_nodes_from((name, graph.nodes[agent]) for agent, name in names.items() if agent in graph)
    renamed.add_edges_from((names[one], names[other], said) for one, other, said in graph.edges(data=True))
    yield replace(case, graph=renamed, uses=uses)
