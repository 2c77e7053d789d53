"""The kit itself: what its strategies draw, what it builds an evictor of, how it measures regret, and what it needs."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache import lru
from commissure.policies.cache.lru import Lru
from commissure.policies.cache.random import Random
from commissure.policies.cache.topology import Topology
from commissure.policies.custom.build import build_of
from commissure.policies.testing import (
    FAMILIES,
    INVARIANTS,
    Case,
    cases,
    check_evictor,
    check_invariant,
    priority_is_pure,
    walks,
    workflows,
    zipf_traces,
)
from commissure.policies.testing.graphs import following
from commissure.policies.testing.regret import regrets
from commissure.policies.testing.search import drawn


class Foresees(Evictor):
    """Belady's MIN: a step of the cache is a position in the uses."""

    def __init__(self, uses: tuple[str, ...]) -> None:
        self._uses = uses

    def priority(self, entry: Resident, now: Moment) -> int:
        later = self._uses[now.step + 1 :]
        return -(later.index(str(entry.key)) if entry.key in later else len(self._uses))


class Entropic(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        return secrets.randbits(32)


@given(st.data())
def test_a_walk_follows_the_graph(data: st.DataObject) -> None:
    graph = data.draw(workflows())
    stands: dict[str, str] = {}
    for use in data.draw(walks(graph, at_once=2)):
        starts = [next(agent for agent in graph if agent in part) for part in nx.weakly_connected_components(graph)]
        before = stands.get(use.workflow)
        assert use.agent in starts or (before is not None and graph.has_edge(before, use.agent))
        assert sorted(use.others) == sorted(where for workflow, where in stands.items() if workflow != use.workflow)
        stands[use.workflow] = use.agent


@given(st.sampled_from(list(FAMILIES)).flatmap(workflows))
def test_probabilities_of_a_node_are_one_or_less(graph: nx.DiGraph[str]) -> None:
    for agent in graph:
        given_to = [said.get("probability", 0.0) for *_, said in graph.out_edges(agent, data=True)]
        assert 0 <= sum(given_to) <= 1 + 1e-9
        assert graph.nodes[agent].get("duration_s", 1) > 0
        assert following(graph, agent, 0) in {*graph.successors(agent), None}


@given(cases())
def test_every_case_can_be_served(case: Case) -> None:
    sizes = {use.key: use.size for use in case.uses}
    assert max(sizes.values()) <= case.capacity <= sum(sizes.values())
    assert all(use.size == sizes[use.key] for use in case.uses)
    assert len(case.runs) in (0, len(case.uses))
    assert len(case.lines()) == 3


@pytest.mark.parametrize(
    "reached",
    [
        lambda case: case.bypass and case.runs,
        lambda case: len({use.workflow for use in case.uses}) > 1,
        lambda case: any(use.key != use.agent for use in case.uses),
        lambda case: len({use.size for use in case.uses}) > 1 and case.capacity < 4,
        lambda case: any(sum(said["probability"] for *_, said in case.graph.out_edges(agent, data=True)) < 0.9
                         for agent in case.graph if nx.get_edge_attributes(case.graph, "probability")
                         and case.graph.out_degree(agent)),
        lambda case: nx.number_weakly_connected_components(case.graph) > 1 and case.graph.number_of_edges() > 1,
    ],
)  # fmt: skip
def test_cases_reach_everywhere(reached: Callable[[Case], object]) -> None:
    assert any(map(reached, drawn(cases(), 100, 0)))


def test_zipf_traces_use_the_first_most() -> None:
    counts = Counter(use.key for uses in drawn(zipf_traces("abcd"), 200, 0) for use in uses)
    assert set(counts) == set("abcd")
    assert counts["a"] > counts["b"] > counts["d"]


MODULE = ModuleType("theirs")
vars(MODULE)["build"] = lambda plan: Lru()


def positional(plan: Plan, /) -> Evictor:
    return Random(plan.seed)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        ("lru", Lru), (Lru, Lru), (Lru(), Lru), (lru, Lru), (MODULE, Lru), (lru.build, Lru),
        (lambda any_name: Lru(), Lru), (Topology, Topology), (Random, Random), (positional, Random),
        (Foresees, Foresees), (partial(Random, seed=7), Random),
    ],
)  # fmt: skip
def test_what_an_evictor_is_built_of(make: Any, kind: type[Evictor]) -> None:
    plan = Plan(nx.DiGraph([("a", "b")]), 3, ("a", "b"))
    assert type(build_of(make)(plan)) is kind


class Tuned(Evictor):
    def __init__(self, graph: object, alpha: float) -> None: ...

    def priority(self, entry: Resident, now: Moment) -> int:
        return 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("lruu", "unknown evictor 'lruu'. Did you mean 'lru'"),
        (int, "int is no evictor: derive it from"),
        (Evictor, "Evictor is no evictor yet: it has no priority"),
        (3, "3 is no evictor: give a class"),
        (Tuned, "Tuned asks for alpha, which is not known here: give a function build"),
        (nx, "module networkx has no function build"),
        (lambda plan: None, "gave None, which is no evictor"),
    ],
)
def test_what_is_no_evictor_is_refused(make: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_evictor(make, examples=1)  # type: ignore[arg-type]


def test_a_build_that_fails_is_a_broken_promise() -> None:
    def build(plan: Plan) -> Evictor:
        raise KeyError(plan.seed)

    report = check_evictor(build, examples=5)
    assert "building it raised KeyError: 0 (test_kit.py, line" in report.broken[0].why


def test_chance_that_no_seed_holds_is_found() -> None:
    assert check_invariant(INVARIANTS[5], Entropic, examples=50).verdict == "broken"


def test_regret() -> None:
    rows = {(row.family, row.evictor): row for row in regrets(Foresees, "min", workflows=8, seed=0)}
    assert {family for family, _ in rows} == {*FAMILIES, "all"}
    for family in (*FAMILIES, "all"):
        assert rows[family, "min"].regret == (0, 0, 0)
        assert rows[family, "min"].hits == (1, 1, 1)
        assert rows[family, "lru"].versus_lru == (0, 0, 0)
        for name in ("min", "lru", "mru", "random"):
            mean, low, high = rows[family, name].versus_lru
            assert low <= mean <= high
    assert rows["all", "min"].workflows == 8 * len(FAMILIES)
    assert rows["loop", "mru"].versus_lru[2] < 0 < rows["tree of calls", "mru"].versus_lru[1]


def test_who_needs_the_future_is_called_offline() -> None:
    report = check_evictor(Foresees, examples=10)
    assert report.ok
    assert report.offline
    assert not check_evictor("lru", examples=1).offline


def test_an_invariant_in_a_test_of_ones_own() -> None:
    @settings(database=None)
    @given(cases())
    def priority_of_mine_is_pure(case: Case) -> None:
        priority_is_pure(Entropic, case)

    with pytest.raises(AssertionError, match=r"priority\(a\) said \d+, and at the same moment \d+"):
        priority_of_mine_is_pure()


def test_a_baselines_name_is_not_taken_for_the_baseline() -> None:
    rows = {(row.family, row.evictor): row.regret for row in regrets("mru", "mru", workflows=8, seed=0)}
    theirs = {(row.family, row.evictor): row.regret for row in regrets("mru", "lru", workflows=8, seed=0)}
    assert theirs["all", "lru (given)"] == rows["all", "mru"] != theirs["all", "lru"] == rows["all", "lru"]


def test_without_hypothesis_it_names_the_command() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import commissure.cli, commissure.policies.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "MissingExtra: hypothesis" in done.stderr
    assert "pip install 'commissure[testing]'" in done.stderr


class AskedRaises(Lru):
    def asked(self, now: Moment) -> None:
        raise ValueError("asked")


class Leaves(Lru):
    def priority(self, entry: Resident, now: Moment) -> Any:
        raise GeneratorExit


class Sets(Evictor):
    def priority(self, entry: Resident, now: Moment) -> Any:
        return {entry.key}


class Counting(Evictor):
    """Remembers by `asked` alone: what a kit that does not call it would not see."""

    def __init__(self) -> None:
        self._heard = 0

    def asked(self, now: Moment) -> None:
        self._heard += 1

    def priority(self, entry: Resident, now: Moment) -> int:
        return entry.last_used if self._heard % 3 else -entry.last_used


def test_what_a_hostile_policy_raises_is_told() -> None:
    for make, name, said in (
        (AskedRaises, "answers", r"asked\(use 1\) raised ValueError: asked \(test_kit"),
        (Leaves, "answers", "raised GeneratorExit"),
        (Sets, "keys sort", "which differ, none is smaller"),
        (Counting, "caches are apart", ""),
    ):
        broken = {one.invariant: one.why for one in check_evictor(make, examples=60).broken}
        assert re.search(said, broken[name])


def test_an_interrupt_is_no_answer_of_the_policy() -> None:
    class Stopped(Lru):
        def priority(self, entry: Resident, now: Moment) -> int:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_evictor(Stopped, examples=5)
