"""First passages against simulation, against a direct solve, and the learning chain against a new inverse."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError
from commissure.policies.cache.nextuse.chain import Chain, Matrix, chain_of, green, reached_later
from commissure.policies.cache.nextuse.learned import LearnedChain
from commissure.policies.cache.nextuse.steps import steps_from
from commissure.policies.cache.traces.families import FAMILIES

seeds = st.integers(0, 10_000)


def random_chain(seed: int, agents: int = 6) -> Chain:
    """Some edges, some rows that leave a part to the end, discounts of their own."""
    rng = np.random.default_rng(seed)
    moves = rng.random((agents, agents)) * (rng.random((agents, agents)) < 0.5)
    total = moves.sum(axis=1, keepdims=True)
    moves = np.divide(moves, total, out=np.zeros_like(moves), where=total > 0) * rng.uniform(0.5, 1.0, (agents, 1))
    return Chain(tuple("abcdefghij"[:agents]), moves, rng.uniform(0.7, 0.99, agents))


def later(chain: Chain) -> Matrix:
    """psi of all pairs."""
    return np.array([reached_later(green(chain), here) for here in range(len(chain.agents))])


@given(seed=seeds)
def test_first_passage_is_the_solution_of_its_equations(seed: int) -> None:
    chain = random_chain(seed)
    steps = chain.discounts[:, None] * chain.moves
    inverse = green(chain)
    phi = inverse / np.diag(inverse)
    for target in range(len(steps)):
        others = [one for one in range(len(steps)) if one != target]
        direct = np.linalg.solve(np.eye(len(others)) - steps[np.ix_(others, others)], steps[others, target])
        assert_allclose(phi[others, target], direct, atol=1e-12)
    assert_allclose(np.diag(phi), 1.0)
    assert_allclose(later(chain), steps @ phi, atol=1e-12)


def test_first_passage_against_simulation() -> None:
    chain = random_chain(7)
    stream = np.random.default_rng(1)
    walks = 20_000
    found = np.zeros(len(chain.agents))
    for _ in range(walks):
        place, worth, seen = 0, 1.0, set[int]()
        while worth > 1e-6:
            worth *= chain.discounts[place]
            drawn = stream.random() - np.cumsum(chain.moves[place])
            if drawn[-1] >= 0:
                break
            place = int(np.argmax(drawn < 0))
            if place not in seen:
                seen.add(place)
                found[place] += worth / walks
    assert_allclose(found, later(chain)[0], atol=4 * 0.5 / walks**0.5)


def test_without_discount_it_is_the_chance_of_ever_coming() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edge("start", "left", probability=0.25)
    graph.add_edge("start", "right", probability=0.5)
    graph.add_edge("left", "right", probability=1.0)
    chances = later(chain_of(graph, discount=1.0))[0]
    assert_allclose(chances, [0.0, 0.25, 0.75], atol=1e-3)  # discounts stay below 1


def test_longer_stays_make_a_use_worth_less() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for agent, probability, tool_s in (("slow", 0.5, 9.0), ("fast", 0.5, 0.0)):
        graph.add_edge("start", agent, probability=probability)
        graph.add_edge(agent, f"after {agent}")
        graph.nodes[agent]["tool_s"] = tool_s
    learned = LearnedChain(chain_of(graph))
    chances = learned.chances("start")
    assert chances["slow"] == pytest.approx(chances["fast"])
    assert chances["after slow"] < chances["after fast"]


@given(seed=seeds, moves=st.lists(st.sampled_from("abcdefxy"), max_size=60), looked=st.integers(0, 60))
def test_what_is_learned_step_by_step_is_what_counting_gives(seed: int, moves: list[str], looked: int) -> None:
    chain = random_chain(seed)
    learned = LearnedChain(chain, prior=3.0)
    for number, agent in enumerate(moves):
        learned.called("", agent)
        if number >= looked:
            learned.chances(agent)  # from here on the inverse is updated, not made anew
    names = list(dict.fromkeys([*chain.agents, *moves]))
    counts = np.zeros((len(names), len(names)))
    for one, other in pairwise(moves):
        counts[names.index(one), names.index(other)] += 1
    known = len(chain.agents)
    counts[:known, :known] += 3.0 * chain.moves
    totals = np.array([3.0 * (n < known) + sum(one == name for one in moves[:-1]) for n, name in enumerate(names)])
    rows = np.divide(counts, totals[:, None], out=np.zeros_like(counts), where=totals[:, None] > 0)
    discounts = np.append(chain.discounts, np.full(len(names) - known, chain.discounts.mean()))
    expected = later(Chain(tuple(names), rows, discounts))
    for number, name in enumerate(names):
        found = learned.chances(name)
        assert_allclose([found.get(other, 0.0) for other in names], expected[number], atol=1e-9)


def test_a_wrong_edge_is_unlearned_and_a_missing_one_found() -> None:
    graph = nx.DiGraph([("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")])
    learned = LearnedChain(chain_of(graph))
    before = learned.chances("a")
    for agent in "adadadadadadadad":
        learned.called("", agent)
    after = learned.chances("a")
    assert after["d"] > before["b"] == before["c"] > after["b"]
    assert "d" not in before
    assert learned.fresh().chances("a") == before


def test_workflows_side_by_side_are_learned_apart() -> None:
    learned = LearnedChain(chain_of(nx.DiGraph([("a", "b"), ("b", "a"), ("x", "y"), ("y", "x")])))
    for workflow, agent in zip("121212", "axbyax", strict=True):
        learned.called(workflow, agent)
    assert set(learned.chances("a")) == set("abxy")
    assert learned.chances("a")["x"] == learned.chances("y")["b"] == 0.0


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_of_the_families_sum_to_one(family: str) -> None:
    for seed in range(20):
        graph = FAMILIES[family](dice(f"{seed}"))
        assert_allclose(chain_of(graph).moves.sum(axis=1), 1.0)


@given(seed=seeds)
def test_static_steps_are_shortest_paths_to_a_later_call(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.from_numpy_array(rng.random((6, 6)) < 0.25, create_using=nx.DiGraph)
    graph = nx.relabel_nodes(graph, {number: str(number) for number in graph})
    for source in graph:
        steps = {0: {source}}
        while len(steps) < 14:
            steps[len(steps)] = {after for node in steps[len(steps) - 1] for after in graph.successors(node)}
        later = set().union(*(steps[number] for number in range(1, 14)))
        expected = {node: min(number for number in range(1, 14) if node in steps[number]) for node in later}
        assert steps_from(graph, source) == expected


@pytest.mark.parametrize(
    ("edge", "node", "message"),
    [
        ({"probability": 1.5}, {}, r"edge 'a' to 'b': probability is a number from 0 to 1, not 1\.5"),
        ({"probability": "often"}, {}, "not 'often'"),
        ({}, {"duration_s": -1.0}, r"node 'a': duration_s is a number of seconds, not -1\.0"),
        ({}, {"tool_s": float("nan")}, "node 'a': tool_s"),
    ],
)
def test_what_is_no_probability_and_no_time(edge: dict[str, object], node: dict[str, object], message: str) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_node("a", **node)
    graph.add_edge("a", "b", **edge)
    with pytest.raises(UsageError, match=message):
        chain_of(graph)


def test_probabilities_that_sum_to_more_than_one() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edge("a", "b", probability=0.7)
    graph.add_edge("a", "c", probability=0.7)
    with pytest.raises(UsageError, match=r"node 'a': the probabilities of its edges sum to 1\.4"):
        chain_of(graph)
