"""Prefix trees: leaf-Belady, optimal where all blocks cost the same, and the program where they do not."""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heappushpop

import numpy as np
from scipy import sparse

from commissure.hal.errors import UsageError
from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.greedy import Remaining
from commissure.theory.cache.paths import Paths
from commissure.theory.cache.solve import Rows, integral, relaxed
from commissure.theory.cache.spans import Mask, Spans
from commissure.theory.cache.uses import Floats, Ints, next_use


def fewest_block_misses(paths: Paths, capacity: int, *, bypass: bool = False) -> Mask:
    """Which references miss when of the leaves the one with the furthest next use leaves first, the deepest of equals.

    It is optimal where all blocks cost the same: a parent is never used later than its child, so that the order never
    asks for a block with resident children, and what the tree forbids MIN would not do. By the place of its next use
    in the row of references a block is told from all others, deeper ones behind those above them: the greatest place is
    the leaf to evict, no tree need be kept, and what is missed of a path is always its end.
    Forced: the path of the running request is resident whole, or as much of it as fits (`Paths.within`); with
    `bypass` each of its blocks may be served without a place. Raises UsageError unless capacity >= 1.
    """
    cut, fitting = paths.within(capacity)
    following = next_use(cut.blocks)
    missed = bytearray(b"\1") * len(following)
    missed_at = np.frombuffer(missed, np.bool_)
    missed_at[following[following < len(following)]] = False
    (_bypassing if bypass else _forced)(cut, following, capacity, missed)
    everywhere = np.ones(len(paths.blocks), np.bool_)
    everywhere[fitting] = missed_at
    return everywhere


def _forced(paths: Paths, following: Ints, room: int, missed: bytearray) -> None:
    """As in `belady`, but all evictions for a request come before its blocks can be evicted again."""
    places, never, heap, most = (-following).tolist(), -len(following), list[int](), 8 * room + 4096
    start = 0
    for end in paths.starts[1:].tolist():
        room -= missed.count(1, start, end)
        while room < 0:
            missed[-heappop(heap)] = 1
            room += 1
        for place in places[start:end]:
            if place == never:
                room += 1
            else:
                heappush(heap, place)
        start = end
        if len(heap) > most:
            heap = [place for place in heap if place <= -end]
            heapify(heap)


def _bypassing(paths: Paths, following: Ints, room: int, missed: bytearray) -> None:
    """One reference after another: those that hit come first in a path and only give their places anew."""
    never, heap, most = -len(following), list[int](), 8 * room + 4096
    for now, place in enumerate((-following).tolist()):
        if not missed[now]:
            room += 1
        if place == never:
            continue
        if room:
            room -= 1
            heappush(heap, place)
        else:
            missed[-heappushpop(heap, place)] = 1
        if len(heap) > most:
            heap = [place for place in heap if place < -now]
            heapify(heap)


def tree_program(
    paths: Paths,
    capacity: int,
    costs: Floats | None = None,
    *,
    bypass: bool = False,
    integer: bool = False,
    time_limit_s: float = 60.0,
    unit: str = "block cost",
) -> Bracket:
    """The bracket for blocks whose misses cost differently, such as `prefill_costs`; `costs` are of all references.

    To the program of one memory come the rows of the tree: a block may be kept from one of its uses to the next only
    while its parent is. `upper` is the best of leaf-Belady, the rounded fractions and, with `integer`, HiGHS's best.
    Raises UsageError unless capacity >= 1 and there is a cost >= 0 for each reference.
    """
    costs = np.ones(len(paths.blocks)) if costs is None else costs
    if len(costs) != len(paths.blocks) or not (np.isfinite(costs) & (costs >= 0)).all():
        raise UsageError(f"give a finite cost >= 0 for each of the {len(paths.blocks)} references")
    cut, fitting = paths.within(capacity)
    spans, begins, ends = cut.spans(costs[fitting], capacity, bypass=bypass)
    children, parents = _needs(cut, begins, ends)
    rows, depths = _tree_rows(children, parents, len(begins)), cut.depths[begins]
    spans = spans.compressed()
    linear = relaxed([spans], rows)
    assert linear.parts is not None
    ceiling, lower_by, upper_by = linear.ceiling, "tree program, linear", "leaf-Belady"
    kept = ~fewest_block_misses(paths, capacity, bypass=bypass)[fitting][ends]
    rounded = _rounded(spans, children, parents, linear.parts, depths)
    if spans.values @ rounded > spans.values @ kept:
        kept, upper_by = rounded, "tree program, rounded"
    if integer:
        best = integral([spans], rows, time_limit_s=time_limit_s)
        if best.ceiling < ceiling:
            ceiling, lower_by = best.ceiling, "tree program, integer"
        whole = kept if best.parts is None else _rounded(spans, children, parents, best.parts, depths)
        if spans.values @ whole > spans.values @ kept:
            kept, upper_by = whole, "tree program, integer"
    return bracket_of(costs, spans.values, ceiling, kept, lower_by, upper_by, bypass=bypass, unit=unit)


def _needs(paths: Paths, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Pairs of intervals: of a child, and of its parent within that one."""
    number = np.full(len(paths.blocks) + 1, -1, np.int64)
    number[begins] = np.arange(len(begins))
    following = next_use(paths.blocks)
    children = np.flatnonzero(paths.depths[begins] > 0)
    at, below, above = begins[children] - 1, list[Ints](), list[Ints]()
    while len(children):
        below.append(children)
        above.append(number[at])
        at = following[at]
        inside = at < ends[children] - 1
        children, at = children[inside], at[inside]
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *below]), np.concatenate([none, *above])


def _tree_rows(children: Ints, parents: Ints, count: int) -> Rows | None:
    """x of a child's interval <= x of the parent's."""
    row = np.arange(len(children))
    signs = np.repeat((1.0, -1.0), len(row))
    places = (np.concatenate((row, row)), np.concatenate((children, parents)))
    return Rows(sparse.csr_array((signs, places), shape=(len(row), count)), np.zeros(len(row))) if len(row) else None


def _rounded(spans: Spans, children: Ints, parents: Ints, parts: Floats, depths: Ints) -> Mask:
    """Intervals as they fit, the largest part first, parents before children, which need them; then what saves most."""
    needs: list[list[int]] = [[] for _ in parts]
    for child, parent in zip(children.tolist(), parents.tolist(), strict=True):
        needs[child].append(parent)
    remaining, kept = Remaining(spans), np.zeros(len(parts), np.bool_)
    for interval in np.lexsort((-spans.values, depths, -np.round(parts, 6))).tolist():
        kept[interval] = kept[needs[interval]].all() and remaining.take(interval)
    return kept
