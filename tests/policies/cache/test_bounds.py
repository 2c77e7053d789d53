"""Evictors against certified optima: none is below them, and how near they come where sizes and costs differ."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from commissure.hal.clock.dice import dice
from commissure.hal.eviction import Plan
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.cache.traces.families import FAMILIES, make_case
from commissure.policies.cache.traces.flat import Use, replay
from commissure.theory.cache.bounds import Bracket
from commissure.theory.cache.bracket import bracket
from commissure.theory.cache.uses import Uses
from tests.policies.cache.draws import traces

KEYS = 7
GRAPH: nx.DiGraph[str] = nx.DiGraph([(str(one), str((one + step) % KEYS)) for one in range(KEYS) for step in (1, 3)])
TRACES = traces(KEYS - 1, 60).filter(bool)
EACH = st.lists(st.integers(1, 4), min_size=KEYS, max_size=KEYS)


def optimum(uses: list[Use], capacity: float, *, bypass: bool = False) -> Bracket:
    keys = [use.key for use in uses]
    sizes, costs = {use.key: use.size for use in uses}, {use.key: use.cost for use in uses}
    return bracket(Uses.of(keys, sizes, costs), capacity, bypass=bypass)


@given(trace=TRACES, sizes=EACH, costs=EACH, capacity=st.integers(4, 12), bypass=st.booleans())
@settings(deadline=None, max_examples=40)
def test_no_evictor_is_below_the_least_cost(
    trace: list[int], sizes: list[int], costs: list[int], capacity: int, bypass: bool
) -> None:
    uses = [Use(key, str(key), sizes[key], costs[key]) for key in trace]
    least = optimum(uses, capacity, bypass=bypass).lower
    plan = Plan(GRAPH, 7, tuple(trace))
    cost = {name: replay(build_evictor(name, plan), uses, capacity, bypass=bypass).cost for name in evictor_names()}
    assert {name: one for name, one in cost.items() if one < least - 1e-9} == {}


@given(trace=TRACES, capacity=st.integers(1, KEYS), bypass=st.booleans())
@settings(deadline=None, max_examples=60)
def test_belady_is_the_least_where_all_are_alike(trace: list[int], capacity: int, bypass: bool) -> None:
    uses = [Use(key, str(key)) for key in trace]
    found, plan = optimum(uses, capacity, bypass=bypass), Plan(GRAPH, 7, tuple(trace))
    cost = {name: replay(build_evictor(name, plan), uses, capacity, bypass=bypass).cost for name in evictor_names()}
    assert found.exact
    assert min(cost.values()) == cost["belady"] == found.lower


NAMES = ("topology-cost", "topology-stochastic", "gdsf", "lru")
WORKFLOWS = [(family, seed) for family in FAMILIES for seed in range(10)]


@cache
def shares(alike: bool) -> dict[str, NDArray[np.float64]]:
    """What evictors save for what the bracket's schedule does, workflow by workflow.

    A prompt of L tokens costs L + L^2 / 8000 to compute. It takes L of the room, or one place of many `alike`.
    """
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for family, seed in WORKFLOWS:
        case, stream = make_case(family, seed), dice(f"prompts/{family}/{seed}")
        tokens = {agent: round(200 * 40 ** stream.random()) for agent in sorted(case.graph)}
        cost = {agent: length + length**2 / 8000 for agent, length in tokens.items()}
        size = dict.fromkeys(tokens, 1) if alike else tokens
        uses = [replace(use, size=size[use.agent], cost=cost[use.agent]) for use in case.uses]
        capacity = max(case.places * sum(size.values()) / len(size), max(size.values()))
        whole = sum(use.cost for use in uses)
        most = whole - optimum(uses, capacity).upper
        for name in NAMES:
            outcome = replay(build_evictor(name, Plan(case.graph, seed)), uses, capacity)
            found[name].append((whole - outcome.cost) / most)
    return {name: np.array(found[name]) for name in NAMES}


@pytest.mark.parametrize("alike", [False, True])
def test_foresight_of_cost_saves_more_than_recency_and_frequency(alike: bool) -> None:
    saved = shares(alike)
    rng = np.random.default_rng(0)
    for name in ("gdsf", "lru"):
        differences = saved["topology-cost"] - saved[name]
        means = rng.choice(differences, (4000, len(differences))).mean(axis=1)
        assert np.percentile(means, 2.5) > 0, name
