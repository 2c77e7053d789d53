"""Prefix trees against trying everything, against the programs, and against an independent simulator."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.paths import Paths, prefill_costs
from commissure.theory.cache.tree import fewest_block_misses, tree_program
from commissure.theory.cache.uses import Floats
from tests.theory.cache.cases import subsets

Requests = list[list[int]]
REQUESTS = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=3), min_size=1, max_size=6)


def least_cost(paths: Paths, costs: Floats, capacity: int, bypass: bool) -> float:
    """The least cost over all decisions of a cache whose residents always have their parents with them."""
    parents: dict[int, int] = {}
    for start, end in pairwise(paths.starts.tolist()):
        parents.update({b: a for a, b in pairwise(paths.blocks[start:end].tolist())})

    @cache
    def best(request: int, held: frozenset[int]) -> float:
        if request == len(paths):
            return 0.0
        start, end = paths.starts[request : request + 2].tolist()
        path = paths.blocks[start:end].tolist()
        cost = sum(costs[start + depth] for depth, block in enumerate(path) if block not in held)
        running = frozenset(path[:capacity])
        chosen = subsets(held | running) if bypass else [running | others for others in subsets(held - running)]
        closed = [
            after
            for after in chosen
            if len(after) <= capacity and all(block not in parents or parents[block] in after for block in after)
        ]
        return float(cost) + min(best(request + 1, after) for after in closed)

    return best(0, frozenset())


@given(requests=REQUESTS, capacity=st.integers(1, 4), bypass=st.booleans())
@settings(deadline=None)
def test_leaf_belady_against_trying_everything(requests: Requests, capacity: int, bypass: bool) -> None:
    paths = Paths.of(requests)
    missed = fewest_block_misses(paths, capacity, bypass=bypass)
    assert missed.sum() == least_cost(paths, np.ones(len(missed)), capacity, bypass)
    for start, end in pairwise(paths.starts.tolist()):
        assert np.all(np.diff(missed[start:end].astype(int)) >= 0), "what misses is the end of a path"


@given(requests=REQUESTS, capacity=st.integers(1, 4), bypass=st.booleans(), growth=st.integers(-1, 3))
@settings(deadline=None)
def test_the_programs_against_trying_everything(requests: Requests, capacity: int, bypass: bool, growth: int) -> None:
    paths = Paths.of(requests)
    costs = np.maximum(3.0 + growth * paths.depths, 0.0)
    best = least_cost(paths, costs, capacity, bypass)
    linear = tree_program(paths, capacity, costs, bypass=bypass)
    whole = tree_program(paths, capacity, costs, bypass=bypass, integer=True)
    assert whole.exact
    assert whole.upper == pytest.approx(best)
    assert linear.lower <= best + 1e-6
    assert best <= linear.upper + 1e-6


def shared_prompts(seed: int, requests: int, fan: int = 3, depth: int = 6) -> Requests:
    """Random paths in a tree, of which some branches are more popular."""
    rng = np.random.default_rng(seed)
    return [(rng.zipf(1.7, rng.integers(1, depth + 1)) % fan).tolist() for _ in range(requests)]


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("capacity", [8, 20])
def test_at_unit_cost_the_linear_program_is_leaf_belady(capacity: int, bypass: bool) -> None:
    paths = Paths.of(shared_prompts(capacity, 100))
    found = tree_program(paths, capacity, bypass=bypass)
    assert found.exact
    assert found.upper == fewest_block_misses(paths, capacity, bypass=bypass).sum()


def test_where_deep_blocks_cost_more_leaf_belady_is_not_the_best() -> None:
    paths = Paths.of(shared_prompts(1, 120))
    costs = prefill_costs(paths, 16, 1.0, 0.05)
    whole = tree_program(paths, 12, costs, integer=True, time_limit_s=20)
    leaf_belady = float(costs[fewest_block_misses(paths, 12)].sum())
    linear = tree_program(paths, 12, costs)
    assert linear.lower <= whole.lower * (1 + 1e-6)
    assert whole.upper < leaf_belady
    assert linear.upper <= leaf_belady * (1 + 1e-9)
    assert linear.unit == "block cost"


@given(keys=st.lists(st.integers(0, 4), min_size=1, max_size=30), places=st.integers(1, 4), bypass=st.booleans())
def test_paths_of_one_block_are_a_flat_cache(keys: list[int], places: int, bypass: bool) -> None:
    missed = fewest_block_misses(Paths.of([[key] for key in keys]), places, bypass=bypass)
    assert np.flatnonzero(missed).tolist() == fewest_misses(keys, places, bypass=bypass)


def test_a_path_longer_than_the_capacity_keeps_the_prefix_that_fits() -> None:
    paths = Paths.of(["abcde"] * 3)
    for bypass in (False, True):
        missed = fewest_block_misses(paths, 3, bypass=bypass)
        assert paths.hits(missed).tolist() == [0, 3, 3]


def test_an_id_under_another_parent_is_another_block() -> None:
    paths = Paths.of(["ab", "cb", "ab"])
    assert paths.hits(fewest_block_misses(paths, 10)).tolist() == [0, 0, 2]


def test_prefill_costs_of_a_path_add_up() -> None:
    paths = Paths.of(["abc"])
    costs = prefill_costs(paths, 10, 2.0, 0.5)
    assert np.cumsum(costs).tolist() == [2.0 * length + 0.5 * length**2 for length in (10, 20, 30)]


def test_what_is_wrong_is_named() -> None:
    paths = Paths.of(["ab"])
    with pytest.raises(UsageError, match="capacity >= 1"):
        fewest_block_misses(paths, 0)
    with pytest.raises(UsageError, match="each of the 2 references"):
        tree_program(paths, 1, np.array([1.0]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("capacity", [7, 30, 90])
def test_the_same_hits_as_kvcache_simulator(seed: int, capacity: int) -> None:
    """Its optimum is leaf-Belady with bypass. It counts once the cache is full: a path that fills it comes first."""
    requests = shared_prompts(seed, 400, fan=5)
    filler = [[*range(1000, 1000 + capacity)]]
    peer = hits_of_the_peer(filler + requests, capacity)
    paths = Paths.of(filler + requests)
    optimal = int(paths.hits(fewest_block_misses(paths, capacity, bypass=True)).sum())
    forced = int(paths.hits(fewest_block_misses(paths, capacity)).sum())
    assert optimal == peer["optimal"]
    assert peer["lru"] <= forced <= optimal
    assert peer["fifo"] <= optimal


def hits_of_the_peer(requests: Sequence[Sequence[int]], capacity: int) -> dict[str, int]:
    policies = pytest.importorskip("kvcache_sim.policies")
    import json

    from kvcache_sim.plan import build_execution_plan
    from kvcache_sim.trace import parse_trace_lines

    lines = [
        json.dumps({"hash_ids": list(map(int, path)), "input_length": len(path), "block_size": 1}) for path in requests
    ]
    plan = build_execution_plan(parse_trace_lines(lines), warmup_fraction=1.5 / len(requests))
    assert plan.warmup_requests == 1
    found = {name: policies.simulate_policy(plan, name, capacity) for name in ("optimal", "lru", "fifo")}
    assert {result.measurementMode for result in found.values()} == {"fixed_window"}
    return {name: result.hitTokens for name, result in found.items()}
