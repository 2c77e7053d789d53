"""What knowing the workflow is worth: shares of Belady's hits on three families, also with a wrong graph."""

from __future__ import annotations

from functools import cache

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from commissure.hal.clock.dice import dice
from commissure.hal.eviction import Plan
from commissure.policies.cache import build_evictor
from commissure.policies.cache.traces.families import FAMILIES, Case, How, make_case, spoiled
from commissure.policies.cache.traces.flat import replay
from commissure.theory.cache.belady import fewest_misses

CASES = 40
BASELINES = ("lru", "mru", "random", "sieve", "s3fifo")


@cache
def cases(family: str) -> list[tuple[Case, int]]:
    """Each with the hits of Belady's optimum."""
    made = [make_case(family, seed) for seed in range(CASES)]
    return [(one, len(one.uses) - len(fewest_misses([use.key for use in one.uses], one.places))) for one in made]


def shares(name: str, family: str, graphs: tuple[nx.DiGraph[str], ...] | None = None) -> NDArray[np.float64]:
    """Hits for Belady's hits, case by case."""
    found = []
    for number, (case, best) in enumerate(cases(family)):
        graph = case.graph if graphs is None else graphs[number]
        found.append(replay(build_evictor(name, Plan(graph, number)), case.uses, case.places).hits / best)
    return np.array(found)


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by bootstrap."""
    rng = np.random.default_rng(0)
    means = rng.choice(differences, (4000, len(differences))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


@pytest.mark.parametrize("family", FAMILIES)
def test_nine_tenths_of_the_optimum_and_better_than_every_baseline(family: str) -> None:
    ours = shares("topology-stochastic", family)
    assert np.median(ours) >= 0.9
    assert ours.max() <= 1.0
    for name in BASELINES:
        low, _ = interval(ours - shares(name, family))
        assert low > 0, name


@pytest.mark.parametrize("how", ["missing", "permuted"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_wrong_graph_does_little_harm(family: str, how: How) -> None:
    for part, loss in ((0.2, 0.05), (1.0, 0.2)):
        wrong = tuple(spoiled(case.graph, how, part, dice(f"{n}")) for n, (case, _) in enumerate(cases(family)))
        ours = shares("topology-stochastic", family, wrong)
        assert np.median(ours) > np.median(shares("topology-stochastic", family)) - loss
        assert interval(ours - shares("lru", family))[0] > 0


def test_a_graph_of_others_is_soon_no_worse_than_none() -> None:
    graph = nx.DiGraph([("no", "body"), ("body", "no")])
    ours = shares("topology-stochastic", "nested", (graph,) * CASES)
    assert interval(ours - shares("lru", "nested"))[0] > 0
