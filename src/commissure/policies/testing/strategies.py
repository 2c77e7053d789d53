"""Hypothesis strategies: workflows, walks, traces, objects, capacities and whole cases. All shrink to few agents."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

import networkx as nx
from hypothesis import assume
from hypothesis import strategies as st

from commissure.policies.cache.traces.flat import Use, uses_of
from commissure.policies.testing.case import Case
from commissure.policies.testing.graphs import FAMILIES, PERCENT, walk, workflow

AGENTS, USES = 6, 24
T = TypeVar("T")


@st.composite
def workflows(draw: st.DrawFn, family: str = "", agents: int = AGENTS) -> nx.DiGraph[str]:
    """Workflow graphs of up to so many agents; of one family of `graphs.FAMILIES`, or of any."""
    chosen = family or draw(st.sampled_from(list(FAMILIES)))
    few, many = range(min(2, agents), agents + 1), range((agents + 1) // 2, agents + 1)
    return workflow(chosen, draw(st.sampled_from([*few, *many, *many])), lambda low, high: draw(st.integers(low, high)))


def walks(graph: nx.DiGraph[str], *, at_once: int = 1, uses: int = USES) -> st.SearchStrategy[list[Use]]:
    """Uses by one workflow, or by several at once in any interleaving; see `graphs.walk`."""
    tokens = max(at_once, nx.number_weakly_connected_components(graph))
    picks = _sequences(st.integers(0, PERCENT * tokens - 1), uses)
    return picks.map(lambda chosen: walk(graph, chosen, at_once=at_once))


def traces(keys: Sequence[Hashable], *, uses: int = USES) -> st.SearchStrategy[list[Use]]:
    """Any sequence of uses of the keys."""
    return _sequences(st.sampled_from(keys), uses).map(uses_of)


def zipf_traces(keys: Sequence[Hashable], *, uses: int = USES) -> st.SearchStrategy[list[Use]]:
    """Uses in which the key of rank r comes 1/r times as often as the first."""
    shares = [round(1000 / rank) for rank in range(1, len(keys) + 1)]
    ends = list(accumulate(shares))
    picks = _sequences(st.integers(0, ends[-1] - 1), uses)
    return picks.map(lambda chosen: uses_of([keys[sum(end <= one for end in ends)] for one in chosen]))


@st.composite
def objects(draw: st.DrawFn, keys: Sequence[Hashable]) -> dict[Hashable, tuple[float, float]]:
    """Size and cost of each key; in half of all cases all alike."""
    if not draw(st.booleans()):
        return dict.fromkeys(keys, (1.0, 1.0))
    return {key: (float(draw(st.integers(1, 3))), float(draw(st.integers(1, 3)))) for key in keys}


def capacities(sizes: Mapping[Hashable, float]) -> st.SearchStrategy[float]:
    """Whole capacities, from what the largest object needs up to room for all; most between, where one must choose."""
    least, most = int(max(sizes.values())), int(sum(sizes.values()))
    if most == least:
        return st.just(float(least))
    between = st.integers(min(least + 1, most - 1), most - 1)
    return st.one_of(st.integers(least, most), between, between).map(float)


@st.composite
def cases(draw: st.DrawFn, agents: int = AGENTS, uses: int = USES) -> Case:
    """Whole cases: a workflow, uses by it or by nobody's plan, sizes and costs, a capacity, calls that run on."""
    graph = draw(workflows(agents=agents))
    kinds = (traces(list(graph), uses=uses), walks(graph, uses=uses), walks(graph, at_once=2, uses=uses),
             zipf_traces(list(graph), uses=uses))  # fmt: skip
    plain = draw(st.one_of(*kinds))
    if draw(st.booleans()):
        second = draw(st.lists(st.booleans(), min_size=len(plain), max_size=len(plain)))
        pairs = zip(plain, second, strict=True)
        plain = [replace(use, key=f"{use.key}2") if other else use for use, other in pairs]
    known = draw(objects(list(dict.fromkeys(use.key for use in plain))))
    sized = tuple(replace(use, size=known[use.key][0], cost=known[use.key][1]) for use in plain)
    capacity = draw(capacities({key: size for key, (size, _) in known.items()}))
    # Left to chance, most cases leave an evictor no choice: nobody has to go, or there is only one who can.
    if draw(st.integers(0, 3)):
        sizes = sorted(size for size, _ in known.values())
        assume(sum(sizes[:2]) <= capacity < sum(sizes) and len(sizes) > 2)
    runs: list[int] = []
    if draw(st.booleans()):
        runs = draw(st.lists(st.integers(0, 3), min_size=len(sized), max_size=len(sized)))
    return Case(graph, capacity, sized, tuple(runs), draw(st.booleans()), draw(st.integers(0, 3)))


def _sequences(elements: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Sequences of up to so many, most of them long: left to itself, hypothesis draws about six."""
    least = (1, max(1, most // 3), max(1, most // 2), max(1, 2 * most // 3))
    return st.one_of(*(st.lists(elements, min_size=one, max_size=most) for one in least))
