"""One body for every evictor; a new one is a new row."""

from __future__ import annotations

from itertools import count

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.cache.traces.flat import replay, uses_of
from commissure.theory.cache.belady import fewest_misses

# On the loop of six with five places, twelve times round: misses by iteration.
LOOP_SERIES = {
    "lru": [6] * 12,
    "mru": [6, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1],
    "topology": [6, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1],
    "random": None,
}


def simulate(evictor: Evictor, uses: list[str], places: int) -> list[int]:
    return list(replay(evictor, uses_of(uses), places).missed)


def loop(agents: int) -> nx.DiGraph[str]:
    names = [f"a{number}" for number in range(agents)]
    return nx.DiGraph(zip(names, names[1:] + names[:1], strict=True))


def test_every_evictor_has_a_row() -> None:
    assert set(evictor_names()) == set(LOOP_SERIES)


@pytest.mark.parametrize("name", LOOP_SERIES)
def test_the_published_loop(name: str) -> None:
    graph = loop(6)
    misses = simulate(build_evictor(name, Plan(graph)), list(graph) * 12, 5)
    series = [sum(6 * number <= miss < 6 * (number + 1) for miss in misses) for number in range(12)]
    if LOOP_SERIES[name] is not None:
        assert series == LOOP_SERIES[name]
    assert 19 <= sum(series) <= 72


@pytest.mark.parametrize(("places", "total"), [(5, 19), (4, 32), (3, 45)])
@pytest.mark.parametrize("name", ["mru", "topology"])
def test_forced_optimum_on_the_loop(name: str, places: int, total: int) -> None:
    graph = loop(6)
    assert len(simulate(build_evictor(name, Plan(graph)), list(graph) * 12, places)) == total


@pytest.mark.parametrize("name", LOOP_SERIES)
@given(uses=st.lists(st.sampled_from(["a0", "a1", "a2", "a3", "stranger"]), max_size=60), places=st.integers(1, 4))
def test_never_better_than_the_optimum_and_pure(name: str, uses: list[str], places: int) -> None:
    evictor = build_evictor(name, Plan(loop(4), 7))
    misses = simulate(evictor, uses, places)
    assert misses == simulate(evictor, uses, places) == simulate(build_evictor(name, Plan(loop(4), 7)), uses, places)
    assert len(fewest_misses(uses, places)) <= len(misses)


def test_random_depends_on_its_seed() -> None:
    graph = loop(6)
    runs = {tuple(simulate(build_evictor("random", Plan(graph, seed)), list(graph) * 12, 5)) for seed in range(8)}
    assert len(runs) > 4


def test_topology_counts_steps_and_lets_the_unreachable_go_first() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph([("start", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("c", "c")])
    evictor = build_evictor("topology", Plan(graph))
    number = count()
    entries = {name: Resident(name, 0, 0, next(number), 1) for name in ("start", "a", "b", "c", "stranger")}
    at_a = sorted(entries, key=lambda name: evictor.priority(entries[name], Moment(9, "a")))
    assert at_a == ["start", "stranger", "a", "c", "b"]
    at_c = sorted(entries, key=lambda name: evictor.priority(entries[name], Moment(9, "c")))
    assert at_c == ["start", "a", "b", "stranger", "c"]


def test_an_unknown_policy_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown evictor 'topolgy'\. Did you mean 'topology'"):
        build_evictor("topolgy", Plan(loop(3)))
