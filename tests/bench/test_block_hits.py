"""Hits of Mooncake's prefix blocks: our loops beside kvcache-simulator's Python backend, in the same run."""

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from commissure.policies.cache.traces import quick_tree
from commissure.sim.workload.reader import read_trace
from commissure.sim.workload.trace import Trace
from commissure.theory.cache.paths import Paths
from commissure.theory.cache.tree import fewest_block_misses
from tests.bench.ratios import line, paired

pytestmark = pytest.mark.bench

DATA = Path(os.environ.get("COMMISSURE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "traces"
FILE = DATA / "mooncake_conversation.jsonl"
CAPACITIES = (1_000, 3_000, 10_000, 30_000)
POLICIES = ("lru", "fifo", "optimal")


@pytest.fixture(scope="module")
def trace() -> Trace:
    if not FILE.exists():
        pytest.skip(f"no {FILE}: set COMMISSURE_DATA")
    return read_trace(FILE)


@pytest.fixture(scope="module")
def peers_trace() -> Any:
    pytest.importorskip("kvcache_sim")
    from kvcache_sim.trace import parse_trace_file

    return parse_trace_file(FILE, block_size=512)


def ours(trace: Trace, policies: tuple[str, ...]) -> Iterator[tuple[tuple[str, int], int]]:
    """Tokens hit in the later half of the requests, the tree included; the prompts' last blocks may be short."""
    paths, first, prompts = Paths.of(trace.prefixes()), len(trace) // 2, trace.input_tokens.tolist()
    for capacity in CAPACITIES:
        for policy in policies:
            if policy == "optimal":
                hits = paths.hits(fewest_block_misses(paths, capacity, bypass=True)).tolist()
            else:
                hits = quick_tree.hits(policy, paths, capacity)
            pairs = zip(hits[first:], prompts[first:], strict=True)
            yield (policy, capacity), sum(min(own * trace.unit_tokens, prompt) for own, prompt in pairs)


def theirs(trace: Any, policies: tuple[str, ...]) -> Iterator[tuple[tuple[str, int], int]]:
    from kvcache_sim.plan import build_execution_plan
    from kvcache_sim.policies import simulate_policy

    plan = build_execution_plan(trace)
    for capacity in CAPACITIES:
        for policy in policies:
            yield (policy, capacity), simulate_policy(plan, policy, capacity).hitTokens


def against(peers_trace: Any, trace: Trace, policies: tuple[str, ...]) -> list[float]:
    """Its time for ours, in pairs."""
    return paired(lambda: dict(theirs(peers_trace, policies)), lambda: dict(ours(trace, policies)), 5)


def test_against_kvcache_simulator(trace: Trace, peers_trace: Any) -> None:
    """Its FIFO lets any block leave, ours only leaves: more work and more hits, so that no ratio is demanded there."""
    mine, other = dict(ours(trace, POLICIES)), dict(theirs(peers_trace, POLICIES))
    for capacity in CAPACITIES:
        assert mine["lru", capacity] == other["lru", capacity]
        assert mine["optimal", capacity] == other["optimal", capacity]
        print(f"\nfifo, {capacity} blocks: leaves only {mine['fifo', capacity]:,} tokens hit, "
              f"any block {other['fifo', capacity]:,}")  # fmt: skip
    for policies in (POLICIES, *((one,) for one in POLICIES)):
        ratios = against(peers_trace, trace, policies)
        print(line(f"kvcache-simulator / ours, {' '.join(policies)}", ratios, f"{len(CAPACITIES)} capacities"))
        assert median(ratios) >= 1 or policies == ("fifo",)
