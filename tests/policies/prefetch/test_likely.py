"""Fetched ahead is what most probably calls next, by the graph as it was observed."""

from __future__ import annotations

import networkx as nx
import pytest

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Moment, Plan, Resident
from commissure.policies.prefetch import build_prefetcher, prefetcher_names


def absent(*agents: str) -> tuple[Resident, ...]:
    return tuple(Resident(agent, 0, 0, 0, 1, agent) for agent in agents)


def graph() -> nx.DiGraph[str]:
    made: nx.DiGraph[str] = nx.DiGraph()
    for agent, successor, probability in (
        ("plan", "code", 0.8), ("plan", "ask", 0.2), ("code", "test", 1.0), ("test", "plan", 1.0), ("x", "y", 1.0),
    ):  # fmt: skip
        made.add_edge(agent, successor, probability=probability)
    return made


def wanted(now: Moment, *agents: str, moves: str = "") -> list[str]:
    prefetcher = build_prefetcher("likely", Plan(graph())).for_cache(3)
    for step, agent in enumerate(moves.split()):
        prefetcher.asked(Moment(step, agent))
    return [entry.agent for entry in prefetcher.wanted(absent(*agents), now)]


def test_the_likeliest_successor_and_only_if_it_is_likely() -> None:
    assert wanted(Moment(0, "plan"), "ask", "code", "test") == ["code"]
    assert wanted(Moment(0, "plan"), "ask", "test") == []
    assert wanted(Moment(0, "nobody"), "ask", "test") == []


def test_other_workflows_count_too() -> None:
    assert wanted(Moment(0, "plan", others=("x",)), "code", "y", "test") == ["y", "code"]


def test_it_learns() -> None:
    moves = " ".join(["plan ask"] * 9)
    assert wanted(Moment(0, "plan"), "ask", "code", moves=moves) == ["ask"]


def test_names() -> None:
    assert prefetcher_names() == ["likely"]
    with pytest.raises(UsageError, match="Did you mean 'likely'"):
        build_prefetcher("likly", Plan())
    with pytest.raises(UsageError, match="policy 'likely' needs a workflow's graph"):
        build_prefetcher("likely", Plan())
