"""Hits of a trace's blocks: the optimum against trying everything, in all calls and in the later half."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.policies.cache import evictor_names
from commissure.scenarios.cache_intensive.block_hits import OPTIMUM, BlockReplay, default_capacities
from commissure.sim.workload.trace import Trace, make_trace
from commissure.theory.cache.paths import Paths
from tests.theory.cache.test_tree import REQUESTS, least_cost

GRAPHLESS = [name for name in evictor_names() if not name.startswith("topology")]


def trace_of(requests: list[list[int]], last_block: int = 2) -> Trace:
    """Blocks of two tokens, of which the last of a prompt may be shorter."""
    lengths = [2 * (len(path) - 1) + last_block if path else 1 for path in requests]
    count = len(requests)
    return make_trace("made up", [0.0] * count, lengths, [1] * count, prefixes=requests, unit_tokens=2)


@given(requests=REQUESTS, capacity=st.integers(1, 4), bypass=st.booleans(), later=st.booleans())
@settings(deadline=None)
def test_the_optimum_against_trying_everything(
    requests: list[list[int]], capacity: int, bypass: bool, later: bool
) -> None:
    paths = Paths.of(requests)
    first = int(paths.starts[len(requests) // 2]) if later else 0
    costs = (np.arange(len(paths.blocks)) >= first).astype(float)
    most = costs.sum() - least_cost(paths, costs, capacity, bypass)
    asked = BlockReplay(trace_of(requests), [capacity], GRAPHLESS, bypass=bypass, second_half=later)
    found = asked.run()
    assert found.exact == (not later or len(requests) == 1)
    assert [point.policy for point in found.points] == [OPTIMUM, *GRAPHLESS]
    optimum, *others = found.points
    assert optimum.hits >= most if not found.exact else optimum.hits == most
    for point in others:
        assert point.hits <= most
        assert point.share == (point.hits / optimum.hits if optimum.hits else None)


def test_of_the_later_half_another_schedule_may_hit_more_than_beladys() -> None:
    """To keep b over a's last use costs a hit that does not count, and gains one that does."""
    requests = [[block] for block in (0, 1, 2, 0, 1, 3, 4, 5)]
    found = BlockReplay(trace_of(requests), [2], ["belady"], second_half=True).run()
    assert (found.requests, found.counted, found.blocks) == (8, 4, 4)
    assert [point.hits for point in found.points] == [1, 0]
    whole = BlockReplay(trace_of(requests), [2], ["belady"]).run()
    assert [point.hits for point in whole.points] == [1, 1]


def test_tokens_of_a_short_last_block_and_of_calls_without_blocks() -> None:
    requests = [[0, 1], [0, 1], [], [0, 2]]
    found = BlockReplay(trace_of(requests, last_block=1), [9], ["lru"]).run()
    assert found.prompt_tokens == 3 + 3 + 1 + 3
    for point in found.points:
        assert (point.hits, point.hit_ratio, point.tokens_computed) == (3, 0.5, 3 + 0 + 1 + 1)


@pytest.mark.parametrize("distinct", [1, 2, 3, 9, 10, 299, 3_000, 182_790])
def test_capacities_go_up_to_all_blocks(distinct: int) -> None:
    series = default_capacities(distinct)
    assert series[-1] == distinct
    assert len(series) <= 6
    assert all(1 < larger / smaller <= 10 for smaller, larger in pairwise(series))


def test_what_cannot_be_answered_is_refused_at_once() -> None:
    trace = trace_of([[number] for number in range(4_000)])
    with pytest.raises(UsageError, match=r"'s3fifo' .*4000 references at 4000 blocks .* at most 2500 blocks, or fewer"):
        BlockReplay(trace, [10**9], ["s3fifo"])
    with pytest.raises(UsageError, match="capacity >= 1, not 0"):
        BlockReplay(trace, [5, 0])
    with pytest.raises(UsageError, match="no call names the blocks"):
        BlockReplay(trace_of([[], []]))
    assert "sieve" in BlockReplay(trace).policies
    assert "sieve" not in BlockReplay(trace, bypass=True).policies
