"""Hits of a long trace of prefix paths, in plain Python: one tight loop a policy, no seam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import pairwise

from commissure.hal.errors import unknown
from commissure.theory.cache.paths import Paths

_NONE = -1


def hits(name: str, paths: Paths, capacity: int) -> list[int]:
    """The hits of each request under forced residency, as `tree.TreeCache` has them with the evictor of that name.

    For `TURN_NOBODY_AWAY` it is the same with bypass. Raises UsageError for a policy that has no loop here, or a
    capacity < 1.
    """
    if name not in _LOOPS:
        raise unknown("policy of a tree's own loop", name, _LOOPS)
    cut = paths.within(capacity)[0]
    return _LOOPS[name](cut.blocks.tolist(), cut.starts.tolist(), capacity, int(cut.blocks.max(initial=_NONE)) + 1)


def _lru(blocks: Sequence[int], starts: Sequence[int], room: int, count: int) -> list[int]:
    """The trace itself, each path from its end to its root, is the queue: a place counts while it is its block's last.

    A parent is never used before its child, so that the oldest place is always a leaf's.
    """
    backwards = _each_reversed(blocks, starts)
    last, oldest, result = [_NONE] * count, 0, []
    for start, end in pairwise(starts):
        found = 0
        for place in range(end - 1, start - 1, -1):
            block = backwards[place]
            if last[block] >= oldest:
                found += 1
            last[block] = place
        result.append(found)
        room -= end - start - found
        while room < 0:
            if last[backwards[oldest]] == oldest:
                room += 1
            oldest += 1
    return result


def _each_reversed(blocks: Sequence[int], starts: Sequence[int]) -> list[int]:
    """All paths in a row, each from its end to its root."""
    return [block for start, end in pairwise(starts) for block in reversed(blocks[start:end])]


def _lfu(blocks: Sequence[int], starts: Sequence[int], room: int, count: int) -> list[int]:
    """A key is uses and last place in one int, places as in `_lru`; a parent's is never below its child's.

    Keys only grow, so that the heap is put right when it is asked.
    """
    backwards, low = _each_reversed(blocks, starts), (1 << len(blocks).bit_length()) - 1
    keys, heap, result = [0] * count, list[int](), []
    for start, end in pairwise(starts):
        fresh, running = [], list[int]()
        for place in range(end - 1, start - 1, -1):
            block = backwards[place]
            key = keys[block] = (keys[block] | low) + 1 + place
            if key <= 2 * low + 1:
                fresh.append(key)
        result.append(end - start - len(fresh))
        room -= len(fresh)
        while room < 0:
            place = heap[0] & low
            now = keys[backwards[place]]
            if now != heap[0]:
                heapreplace(heap, now)
            elif place >= start:
                running.append(heappop(heap))
            else:
                keys[backwards[heappop(heap) & low]] = 0
                room += 1
        for key in (*running, *fresh):
            heappush(heap, key)
    return result


def _fifo(blocks: Sequence[int], starts: Sequence[int], room: int, count: int) -> list[int]:
    """A heap of leaves by the place in the trace at which they came, which tells the block."""
    came, children, parents = [_NONE] * count, [0] * count, _parents(blocks, starts, count)
    heap, result = list[int](), []
    for start, end in pairwise(starts):
        found, path = start, _NONE
        while found < end and came[blocks[found]] >= 0:
            path = blocks[found]
            found += 1
        result.append(found - start)
        for place in range(found, end):
            if room:
                room -= 1
            else:
                while True:
                    oldest = heappop(heap)
                    leaf = blocks[oldest]
                    if came[leaf] == oldest and not children[leaf] and leaf != path:
                        break
                came[leaf] = _NONE
                above = parents[leaf]
                if above >= 0:
                    children[above] -= 1
                    if not children[above]:
                        heappush(heap, came[above])
            if path >= 0:
                children[path] += 1
            path = blocks[place]
            came[path] = place
        if path >= 0 and not children[path]:
            heappush(heap, came[path])
    return result


def _sieve(blocks: Sequence[int], starts: Sequence[int], room: int, count: int) -> list[int]:
    """A list linked from old to new; the hand goes over what is no leaf, or ends the running path, as over visited."""
    visited: list[bool | None] = [None] * count  # None: not resident
    newer, children, parents, result = [_NONE] * count, [0] * count, _parents(blocks, starts, count), []
    oldest = newest = before = hand = _NONE
    for start, end in pairwise(starts):
        found, path = start, _NONE
        while found < end and visited[blocks[found]] is not None:
            path = blocks[found]
            visited[path] = True
            found += 1
        result.append(found - start)
        for place in range(found, end):
            if room:
                room -= 1
            else:
                if hand < 0:
                    before, hand = _NONE, oldest
                while visited[hand] or children[hand] or hand == path:
                    visited[hand] = False
                    before, hand = (hand, newer[hand]) if hand != newest else (_NONE, oldest)
                visited[hand] = None
                if parents[hand] >= 0:
                    children[parents[hand]] -= 1
                if before < 0:
                    oldest = newer[hand]
                else:
                    newer[before] = newer[hand]
                if hand == newest:
                    newest = before
                hand = newer[hand]
            if path >= 0:
                children[path] += 1
            path = blocks[place]
            if newest < 0:
                oldest = path
            else:
                newer[newest] = path
            newest = path
            newer[path] = _NONE
            visited[path] = False
    return result


def _parents(blocks: Sequence[int], starts: Sequence[int], count: int) -> list[int]:
    """The parent of each block."""
    parents = [_NONE] * count
    for start, end in pairwise(starts):
        for above, below in pairwise(blocks[start:end]):
            parents[below] = above
    return parents


_LOOPS: dict[str, Callable[[Sequence[int], Sequence[int], int, int], list[int]]] = {
    "fifo": _fifo,
    "lfu": _lfu,
    "lru": _lru,
    "sieve": _sieve,
}
NAMES = tuple(_LOOPS)
TURN_NOBODY_AWAY = ("fifo", "lru")
