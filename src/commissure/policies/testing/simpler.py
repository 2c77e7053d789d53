"""Simpler cases than one that breaks an invariant: what the shrinking of single choices does not come by."""

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
    for place in range(len(case.uses)):
        if len(case.uses) > 1:
            uses, runs = case.uses[:place] + case.uses[place + 1 :], case.runs[:place] + case.runs[place + 1 :]
            yield replace(case, uses=uses, runs=runs)


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
            yield replace(case, graph=graph.subgraph([one for one in graph if one != agent]).copy())
    for edge in graph.edges:
        if len(graph.edges) > 1:
            less = graph.copy()
            less.remove_edge(*edge)
            yield replace(case, graph=less)
    yield from _renamed(case)


def _renamed(case: Case) -> Iterator[Case]:
    """With a, b, c, ... in the order of their use."""
    known = list(dict.fromkeys([*(use.agent for use in case.uses), *case.graph]))
    names = {agent: chr(ord("a") + place) for place, agent in enumerate(known)}
    if len(known) > 26 or all(one == other for one, other in names.items()) or any(len(one) > 1 for one in known):
        return
    uses = tuple(
        replace(use, agent=names[use.agent], key=names[use.agent] + str(use.key)[1:],
                others=tuple(names[one] for one in use.others)) for use in case.uses
    )  # fmt: skip
    order: nx.DiGraph[str] = nx.DiGraph()
    order.add_nodes_from(sorted(names[one] for one in case.graph))
    order.add_nodes_from((names[one], said) for one, said in case.graph.nodes(data=True))
    order.add_edges_from(sorted((names[one], names[other]) for one, other in case.graph.edges))
    order.add_edges_from((names[one], names[other], said) for one, other, said in case.graph.edges(data=True))
    yield replace(case, graph=order, uses=uses)
