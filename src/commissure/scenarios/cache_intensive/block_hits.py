"""A real trace by its prefix blocks: what each evictor hits at each capacity, beside the most that any could."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from commissure.hal.errors import UsageError, unknown
from commissure.hal.eviction import Plan
from commissure.policies.cache import evictor_names
from commissure.policies.cache.traces import quick_tree
from commissure.policies.cache.traces.tree import replay_paths
from commissure.policies.custom.build import evictor_of
from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.sim.workload.trace import Trace
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.bounds import Mode
from commissure.theory.cache.paths import Paths
from commissure.theory.cache.tree import fewest_block_misses
from commissure.theory.cache.uses import next_use

OPTIMUM = "optimum"
POLICIES = ("lru", "fifo", "lfu", "sieve", "gdsf", "mru")
# Seconds for each reference and each block of the capacity, of evictors that are asked about every leaf, measured on
# Mooncake's conversations with one core of a server; a capacity that would take longer than MOST_S is refused.
LOOK_S = {"arc": 2e-7, "s3fifo": 6e-6, "sieve": 2e-9}
OTHERS_LOOK_S = 5e-8
MOST_S = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """A policy at a capacity in blocks. `share` is of the optimum's hits, None where that has none.

    `tokens_computed` are of the counted prompts, without those of hit blocks; None where hits are a bound only.
    """

    capacity: int
    policy: str
    hits: int
    hit_ratio: float
    tokens_computed: int | None
    share: float | None


@dataclass(frozen=True, slots=True)
class BlockHits:
    """What became of a trace. `blocks` are the references of the counted requests, `distinct` of all requests.

    `exact`: the optimum is what leaf-Belady hits, so that it can be reached; else it is a bound that no policy passes.
    """

    trace: str
    mode: Mode
    requests: int
    counted: int
    blocks: int
    distinct: int
    block_tokens: int
    prompt_tokens: int
    exact: bool
    points: tuple[Point, ...]


def paths_of(trace: Trace) -> Paths:
    """The prefix paths of a trace's calls. Raises UsageError if it names no blocks."""
    if not len(trace.hashes):
        raise UsageError(f"{trace.name}: no call names the blocks of its prompt, as `hash_ids` of Mooncake's traces do")
    return Paths.of(trace.prefixes())


def default_capacities(distinct: int) -> tuple[int, ...]:
    """1 and 3 times powers of ten from a three-hundredth of the distinct blocks on, then all of them."""
    series = (step * 10**power for power in range(len(str(distinct))) for step in (1, 3))
    return (*(one for one in series if distinct / 300 <= one < distinct), distinct)


def is_quick(policy: str, *, bypass: bool) -> bool:
    """Whether a policy's time hardly depends on the capacity. Raises UsageError if it needs a workflow's graph."""
    return policy == "belady" or policy in _own_loops(bypass) or evictor_of(policy, Plan()).lasting


def _own_loops(bypass: bool) -> tuple[str, ...]:
    return quick_tree.TURN_NOBODY_AWAY if bypass else quick_tree.NAMES


class BlockReplay:
    """A trace, and what is asked of it. Raises UsageError for what cannot be answered, before anything is replayed.

    No capacities are `default_capacities`, no policies the quick ones of `POLICIES`. `belady` is leaf-Belady over the
    whole trace. `second_half` counts only the later half of the calls, when the cache is warm. Refused are a trace
    without blocks, a policy that is unknown or needs a workflow's graph, and a capacity below 1 or one at which a
    policy would take minutes.
    """

    def __init__(
        self,
        trace: Trace,
        capacities: Sequence[int] = (),
        policies: Sequence[str] = (),
        *,
        bypass: bool = False,
        second_half: bool = False,
        seed: int = 0,
    ) -> None:
        self._trace, self._paths, self._bypass, self._plan = trace, paths_of(trace), bypass, Plan(seed=seed)
        self.distinct = int(self._paths.blocks.max()) + 1
        self.capacities = tuple(capacities) or default_capacities(self.distinct)
        self.policies = tuple(policies) or tuple(name for name in POLICIES if is_quick(name, bypass=bypass))
        self._first = len(trace) // 2 if second_half else 0
        self._blocks = int(self._paths.starts[-1] - self._paths.starts[self._first])
        self._prompts: list[int] = trace.input_tokens.tolist()
        flat, bounds = self._paths.blocks.tolist(), self._paths.starts.tolist()
        self._requests = [flat[start:end] for start, end in pairwise(bounds)]
        if min(self.capacities) < 1:
            raise UsageError(f"a cache of blocks needs a capacity >= 1, not {min(self.capacities)}")
        for policy in self.policies:
            self._check(policy)

    @property
    def steps(self) -> int:
        """How often `run` calls `advance`."""
        return len(self.capacities) * (1 + len(self.policies))

    def run(self, advance: Callable[[str], None] = lambda what: None) -> BlockHits:
        """Replay the trace once for each capacity and policy."""
        points: list[Point] = []
        for capacity in self.capacities:
            most, reached = self._most(capacity)
            points.append(self._point(capacity, OPTIMUM, most, reached, most))
            advance(f"{OPTIMUM}, {capacity} blocks")
            for policy in self.policies:
                hits = self._hits(policy, capacity)
                points.append(self._point(capacity, policy, sum(hits[self._first :]), hits, most))
                advance(f"{policy}, {capacity} blocks")
        trace, first = self._trace, self._first
        return BlockHits(
            trace.name, "bypass" if self._bypass else "forced", len(trace), len(trace) - first, self._blocks,
            self.distinct, trace.unit_tokens, sum(self._prompts[first:]), not first, tuple(points),
        )  # fmt: skip

    def _check(self, policy: str) -> None:
        if policy not in evictor_names() and ":" not in policy:
            raise unknown("policy", policy, evictor_names())
        if is_quick(policy, bypass=self._bypass):
            return
        references, capacity = len(self._paths.blocks), min(max(self.capacities), self.distinct)
        each_s = references * LOOK_S.get(policy, OTHERS_LOOK_S)
        if capacity * each_s > MOST_S:
            raise UsageError(
                f"policy {policy!r} looks at every leaf for each block that leaves: {references} references at "
                f"{capacity} blocks would take it some {capacity * each_s:,.0f} s; give a capacity of at most "
                f"{int(MOST_S / each_s)} blocks, or fewer calls (--limit)"
            )

    def _hits(self, policy: str, capacity: int) -> list[int]:
        """Of each request."""
        if policy == "belady":
            return self._leaf_belady(capacity)
        if policy in _own_loops(self._bypass):
            return quick_tree.hits(policy, self._paths, capacity)
        return replay_paths(evictor_of(policy, self._plan), self._requests, capacity, bypass=self._bypass)

    def _most(self, capacity: int) -> tuple[int, list[int] | None]:
        """The most blocks of the counted requests that any policy hits, and of which requests where that is reached.

        Of all requests it is leaf-Belady's. Of the later ones it is what MIN, which is told of no earlier use but the
        last before them, hits of the references in a row: it ignores that a child needs its parent, and that a path is
        resident whole, so that a cache of blocks has no more.
        """
        if not self._first:
            hits = self._leaf_belady(capacity)
            return sum(hits), hits
        cut = self._paths.within(capacity)[0]
        following, edge = next_use(cut.blocks), int(cut.starts[self._first])
        following[following < edge] = len(following)
        missed = np.array(fewest_misses((), capacity, bypass=self._bypass, following=following), np.int64)
        return len(following) - edge - int((missed >= edge).sum()), None

    def _leaf_belady(self, capacity: int) -> list[int]:
        missed = fewest_block_misses(self._paths, capacity, bypass=self._bypass)
        found: list[int] = self._paths.hits(missed).tolist()
        return found

    def _point(self, capacity: int, policy: str, hits: int, of_requests: list[int] | None, most: int) -> Point:
        """With tokens: a prompt's last block may be shorter than the others."""
        computed = None
        if of_requests is not None:
            pairs = zip(self._prompts[self._first :], of_requests[self._first :], strict=True)
            computed = sum(max(0, prompt - own * self._trace.unit_tokens) for prompt, own in pairs)
        return Point(
            capacity,
            policy,
            hits,
            hits / self._blocks if self._blocks else 0.0,
            computed,
            hits / most if most else None,
        )


def block_hits_figure(found: BlockHits) -> str:
    """Hit ratio at every capacity, as SVG; the grey area is beyond the optimum."""
    figure, axes = new_axes(9.0, 3.4)
    curves: dict[str, list[tuple[int, float]]] = {}
    for point in sorted(found.points, key=lambda one: one.capacity):
        curves.setdefault(point.policy, []).append((point.capacity, point.hit_ratio))
    capacities, best = zip(*curves.pop(OPTIMUM), strict=True)
    axes.fill_between(capacities, best, 1.0, color="#dddddd", label=f"beyond the optimum, {found.mode}")
    axes.plot(capacities, best, ".-", color="#999999", lw=1.0)
    for place, (policy, curve) in enumerate(curves.items()):
        x, y = zip(*curve, strict=True)
        axes.plot(x, y, ".-", color=COLOURS[place % len(COLOURS)], lw=max(1.0, 3.0 - place / 2), label=policy)
    axes.set_xscale("log")
    axes.set_xlabel(f"capacity, blocks of {found.block_tokens} tokens")
    axes.set_ylabel("hit ratio of blocks")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)
