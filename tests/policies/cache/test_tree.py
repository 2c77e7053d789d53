"""Trees of prefix blocks: the seam against a naive cache, its own loops against the seam, both against a peer."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.cache.traces import quick, quick_tree
from commissure.policies.cache.traces.tree import TreeCache, replay_paths
from commissure.sim.workload.reader import read_trace
from commissure.theory.cache.paths import Paths
from commissure.theory.cache.tree import fewest_block_misses

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[4] / "shared" / "data")
MOONCAKE = DATA / "traces" / "mooncake_conversation.jsonl"
AGENTS = ("a", "b", "c", "d")
GRAPH: nx.DiGraph[str] = nx.DiGraph([("a", "b"), ("b", "c"), ("b", "a"), ("c", "d"), ("d", "a")])
Requests = list[tuple[tuple[int, ...], str]]


@st.composite
def requests(draw: st.DrawFn, tagged: bool = True, most: int = 60) -> Requests:
    """Paths of up to six blocks, numbered so that a number tells its path, and who asks; some branches are hot."""
    dice = Random(draw(st.integers(0, 2**32)))
    fan, skew, number = dice.randint(1, 4), dice.choice((1, 2, 4)), dict[tuple[int, ...], int]()
    found: Requests = []
    for _ in range(draw(st.integers(0, most).map(lambda spare: most - spare))):
        steps = [int(fan * dice.random() ** skew) for _ in range(dice.randint(0, 6))]
        path = tuple(number.setdefault(tuple(steps[:end]), len(number)) for end in range(1, len(steps) + 1))
        found.append((path, dice.choice(AGENTS) if tagged else ""))
    return found


class Naive:
    """The same rule with dicts and full scans."""

    def __init__(self, evictor: Evictor, capacity: int, bypass: bool) -> None:
        self.evictor, self.capacity, self.bypass = evictor.for_cache(capacity), capacity, bypass
        self.held: dict[int, Resident] = {}
        self.parent: dict[int, int | None] = {}
        self.step = -1

    def use(self, path: Sequence[int], agent: str) -> tuple[int, tuple[int, ...]]:
        self.step += 1
        path = path[: self.capacity]
        asked = Moment(self.step, agent)
        self.evictor.asked(asked)
        hits = [key for key in path if key in self.held]
        for key in hits[::-1]:
            old = self.held[key]
            known = {old.agent, *old.sharers, ""}
            sharers = old.sharers if agent in known else (*old.sharers, agent)
            self.held[key] = replace(old, last_used=self.step, uses=old.uses + 1, sharers=sharers)
            self.evictor.used(self.held[key], asked)
        left: list[int] = []
        for depth, key in list(enumerate(path))[len(hits) :]:
            now = Moment(self.step, agent or str(key))
            entry = Resident(now.agent, depth, self.step, self.step, 1, key)
            if len(self.held) == self.capacity:
                parents = {self.parent[one] for one in self.held}
                leaves = [one for one in self.held.values() if one.key not in parents and one.key not in path]
                victim = min(leaves, key=lambda one: self.evictor.priority(one, now))
                if self.bypass and self.evictor.priority(entry, now) < self.evictor.priority(victim, now):
                    break
                assert isinstance(victim.key, int)
                del self.held[victim.key]
                self.evictor.left(victim, now)
                left.append(victim.key)
            self.held[key] = entry
            self.parent[key] = path[depth - 1] if depth else None
            self.evictor.entered(entry, now)
        return len(hits), tuple(left)


class Future(Evictor):
    """Leaf-Belady by the seam: the request in which a block is used next, furthest first."""

    lasting = True

    def __init__(self, found: Requests) -> None:
        self.uses: dict[Hashable, list[int]] = {}
        for number, (path, _) in enumerate(found):
            for key in path:
                self.uses.setdefault(key, []).append(number)

    def priority(self, entry: Resident, now: Moment) -> float:
        return -min((use for use in self.uses[entry.key] if use > now.step), default=10**9)


class Ties(Evictor):
    """Says the same of all."""

    lasting = True

    def priority(self, entry: Resident, now: Moment) -> int:
        return 0


class Distinct(Evictor):
    """Of those of which another, which remembers nothing, says the same: the least recently used leaf."""

    def __init__(self, other: Evictor) -> None:
        self.other = other

    def priority(self, entry: Resident, now: Moment) -> tuple[Any, int]:
        return self.other.priority(entry, now), entry.last_used


class Lasting(Distinct):
    lasting = True


def evictor_of(name: str, found: Requests) -> Evictor:
    if name == "future":
        return Lasting(Future(found))
    evictor = build_evictor(name, Plan(GRAPH, 7, tuple(path[-1] if path else -1 for path, _ in found) or (0,)))
    kinds = {"belady": Lasting, "random": Distinct}  # the others never say the same of two leaves
    return kinds[name](evictor) if name in kinds else evictor


def fewest(found: Requests, capacity: int, bypass: bool) -> int:
    paths = Paths.of([path for path, _ in found])
    return int(paths.hits(fewest_block_misses(paths, capacity, bypass=bypass)).sum())


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("name", [*evictor_names(), "future"])
@given(found=st.booleans().flatmap(requests), capacity=st.integers(1, 14))
@settings(deadline=None)
def test_as_a_naive_cache_does_and_never_better_than_leaf_belady(
    name: str, bypass: bool, found: Requests, capacity: int
) -> None:
    evictor = evictor_of(name, found)
    cache, naive = TreeCache(evictor, capacity, bypass=bypass), Naive(evictor, capacity, bypass)
    total = 0
    for path, agent in found:
        expected = naive.use(path, agent)
        assert cache.use(path, agent) == expected
        assert cache.residents == naive.held
        assert bypass or set(path[:capacity]) <= cache.residents.keys()
        total += expected[0]
    assert total <= fewest(found, capacity, bypass)
    if name == "future":
        assert total == fewest(found, capacity, bypass)


@pytest.mark.parametrize("name", quick_tree.NAMES)
@given(found=requests(tagged=False, most=120), capacity=st.integers(1, 20))
@settings(deadline=None)
def test_own_loops_hit_as_the_seam_does(name: str, found: Requests, capacity: int) -> None:
    paths = Paths.of([path for path, _ in found])
    evictor = build_evictor(name, Plan())
    for bypass in (False, True) if name in quick_tree.TURN_NOBODY_AWAY else (False,):
        by_seam = replay_paths(evictor, [path for path, _ in found], capacity, bypass=bypass)
        assert quick_tree.hits(name, paths, capacity) == by_seam


def test_the_tail_of_a_request_leaves_first() -> None:
    for evictor in (build_evictor("lru", Plan()), Ties()):
        cache = TreeCache(evictor, 4)
        assert cache.use("abcd") == (0, ())
        assert cache.use("xy") == (0, ("d", "c"))
        assert cache.use("abc") == (2, ("y",))


def test_what_is_wrong_is_named() -> None:
    cache = TreeCache(build_evictor("lru", Plan()), 4)
    cache.use("abc")
    for path in ("b", "ac", "abdb", "aba", "xcy", "abxx"):
        with pytest.raises(UsageError, match=r"under two parents: .*Paths\.of numbers blocks so"):
            cache.use(path)
    assert cache.use("abc") == (3, ())
    with pytest.raises(UsageError, match="capacity >= 1, not 0"):
        TreeCache(build_evictor("lru", Plan()), 0)
    with pytest.raises(UsageError, match="Did you mean 'sieve'"):
        quick_tree.hits("seive", Paths.of(["a"]), 1)
    with pytest.raises(UsageError, match="capacity >= 1, not 0"):
        quick_tree.hits("lru", Paths.of(["a"]), 0)


def peer_hits(lines: Sequence[str], capacity: int, warmup: float) -> dict[str, int]:
    """Tokens that kvcache-simulator's policies hit after the warm-up."""
    policies = pytest.importorskip("kvcache_sim.policies")
    from kvcache_sim.plan import build_execution_plan
    from kvcache_sim.trace import parse_trace_lines

    plan = build_execution_plan(parse_trace_lines(lines, block_size=512), warmup_fraction=warmup)
    found = {name: policies.simulate_policy(plan, name, capacity) for name in ("lru", "fifo", "optimal")}
    assert {one.measurementMode for one in found.values()} == {"fixed_window"}
    return {name: one.hitTokens for name, one in found.items()}


def without_tree(paths: Paths, capacity: int) -> list[int]:
    """FIFO as that peer has it: any block may leave, and only what is contiguous from the root counts."""
    missed = np.zeros(len(paths.blocks), np.bool_)
    missed[quick.missed("fifo", paths.blocks.tolist(), capacity)] = True
    return [
        int(np.argmax(own)) if (own := missed[start:end]).any() else int(end - start)
        for start, end in zip(paths.starts[:-1], paths.starts[1:], strict=True)
    ]


def same_as_the_peer(paths: Paths, lines: Sequence[str], capacity: int, tokens: Any, first: int, warmup: float) -> None:
    ours = {
        "lru": quick_tree.hits("lru", paths, capacity),
        "fifo": without_tree(paths, capacity),
        "optimal": paths.hits(fewest_block_misses(paths, capacity, bypass=True)).tolist(),
    }
    hit = {name: sum(map(tokens, range(first, len(paths)), hits[first:])) for name, hits in ours.items()}
    assert hit == peer_hits(lines, capacity, warmup)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("capacity", [7, 30, 90])
def test_the_same_hits_as_kvcache_simulator(seed: int, capacity: int) -> None:
    """It counts once the cache is full: a path that fills it comes first, as its own warm-up."""
    rng = np.random.default_rng(seed)
    drawn = [(rng.zipf(1.7, rng.integers(1, 7)) % 5).tolist() for _ in range(400)]
    found = [[*range(1000, 1000 + capacity)], *drawn]
    lines = [json.dumps({"hash_ids": path, "input_length": len(path), "block_size": 1}) for path in found]
    same_as_the_peer(Paths.of(found), lines, capacity, lambda _, hits: hits, 1, 1.5 / len(found))


@pytest.mark.parametrize("capacity", [1_000, 5_000])
def test_the_same_tokens_as_kvcache_simulator_on_real_requests(capacity: int) -> None:
    pytest.importorskip("kvcache_sim")
    if not MOONCAKE.exists():
        pytest.skip(f"no {MOONCAKE}")
    with MOONCAKE.open() as file:
        lines = list(islice(file, 2_000))
    trace = read_trace(MOONCAKE, 2_000)
    paths = Paths.of(trace.prefixes())
    prompts: list[int] = trace.input_tokens.tolist()

    def tokens(request: int, hits: int) -> int:
        return min(hits * trace.unit_tokens, prompts[request])

    same_as_the_peer(paths, lines, capacity, tokens, 1_000, 0.5)
