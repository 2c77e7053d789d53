"""Sets of intervals that fit, found greedily: what they save is within reach, so that their cost bounds the optimum."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise

import numpy as np

from commissure.theory.cache.spans import Mask, Spans
from commissure.theory.cache.uses import Floats


class Remaining:
    """The room that is left at each point, as intervals take it one by one."""

    def __init__(self, spans: Spans) -> None:
        self._left = spans.room.copy()
        self._sizes = spans.sizes.tolist()
        self._places = [slice(*ends) for ends in zip(spans.first.tolist(), (spans.last + 1).tolist(), strict=True)]

    def take(self, interval: int) -> bool:
        """Keep it if it still fits; whether it did."""
        here, size = self._left[self._places[interval]], self._sizes[interval]
        if len(here) and here.min() < size:
            return False
        here -= size
        return True


def rounded(spans: Spans, parts: Floats) -> Mask:
    """Whole intervals from fractional ones: what is kept whole stays, the rest as it fits, the largest part first.

    Rounding down alone is FOO-U (Berger, Beckmann, Harchol-Balter 2018); filling up only helps.
    """
    remaining, kept = Remaining(spans), np.zeros(len(parts), np.bool_)
    use_of_room = spans.values / (spans.sizes * np.maximum(spans.last - spans.first + 1, 1))
    for interval in np.lexsort((-use_of_room, -np.round(parts, 6))).tolist():
        if spans.values[interval] > 0:
            kept[interval] = remaining.take(interval)
    return kept


def swept(spans: Spans, worth: Floats) -> Mask:
    """One pass along the line: every interval enters at its start, and where room lacks the least worth leave.

    O(n log n); a heap entry names its interval by its rank, and is past if the interval has ended by itself.
    """
    order = np.flatnonzero((spans.first <= spans.last) & (spans.values > 0) & spans.possible())
    order = order[np.argsort(spans.first[order], kind="stable")]
    by_rank = order[np.argsort(worth[order], kind="stable")]
    rank = np.empty(len(spans.first), np.int64)
    rank[by_rank] = np.arange(len(by_rank))
    entering, ranked, ranks = order.tolist(), by_rank.tolist(), rank[order].tolist()
    bounds = np.searchsorted(spans.first[order], np.arange(len(spans.room) + 1)).tolist()
    last, sizes = spans.last.tolist(), spans.sizes.tolist()
    released = [0.0] * (len(spans.room) + 1)
    kept, used, heap = bytearray(len(last)), 0.0, list[int]()
    for point, (room, (start, end)) in enumerate(zip(spans.room.tolist(), pairwise(bounds), strict=True)):
        used -= released[point]
        for place in range(start, end):
            interval = entering[place]
            used += sizes[interval]
            released[last[interval] + 1] += sizes[interval]
            kept[interval] = 1
            heappush(heap, ranks[place])
        while used > room and heap:
            interval = ranked[heappop(heap)]
            if last[interval] >= point:
                used -= sizes[interval]
                released[last[interval] + 1] -= sizes[interval]
                kept[interval] = 0
    return np.frombuffer(kept, np.bool_) | ((spans.first > spans.last) & (spans.values > 0))
