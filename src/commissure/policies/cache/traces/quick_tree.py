"""Hits of a long trace of prefix paths, in plain Python: one tight loop a policy, no seam."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from itertools import pairwise

import numpy as np

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
    return _LOOPS[name](paths.within(capacity)[0], capacity)


def _lru(cut: Paths, room: int) -> list[int]:
    """The trace itself, each path from its end to its root, is the queue: a place counts while it is its block's last.

    A parent is never used before its child, so that the oldest place is always a leaf's.
    """
    backwards, count = _each_reversed(cut)
    starts = cut.starts.tolist()
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


def _each_reversed(cut: Paths) -> tuple[list[int], int]:
    """All paths in a row, each from its end to its root, and how many numbers blocks have."""
    mirror = (cut.starts[:-1] + cut.starts[1:] - 1)[cut.requests] - np.arange(len(cut.blocks))
    backwards: list[int] = cut.blocks[mirror].tolist()
    return backwards, max(backwards, default=_NONE) + 1


def _lfu(cut: Paths, room: int) -> list[int]:
    """A key is uses and last place in one int, places as in `_lru`; a parent's is never below its child's.

    Keys only grow, so that the heap is put right when it is asked.
    """
    backwards, count = _each_reversed(cut)
    starts, low = cut.starts.tolist(), (1 << len(backwards).bit_length()) - 1
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


def _fifo(cut: Paths, room: int) -> list[int]:
    """Ends of paths in the order in which they came; whose last child has left is older than all other leaves.

    A block that has children or ends the running path when its turn comes is dropped: the former is a leaf again when
    its last child leaves, the latter gets a child at once.
    """
    parents, count = _parents(cut)
    blocks, starts = cut.blocks.tolist(), cut.starts.tolist()
    resident, children = [False] * count, [0] * count
    ends, oldest, bared, result = list[int](), 0, _NONE, []
    for start, end in pairwise(starts):
        found, path = start, _NONE
        while found < end and resident[blocks[found]]:
            path = blocks[found]
            found += 1
        result.append(found - start)
        for block in blocks[found:end]:
            if room:
                room -= 1
            else:
                leaf = bared
                while leaf < 0 or children[leaf] or leaf == path:
                    leaf = ends[oldest]
                    oldest += 1
                resident[leaf] = False
                bared = parents[leaf]
                if bared >= 0:
                    children[bared] -= 1
            if path >= 0:
                children[path] += 1
            path = block
            resident[path] = True
        if found < end:
            ends.append(path)
    return result


def _mru(cut: Paths, room: int) -> list[int]:
    """A stack of ends of paths, each with its last use; whose last child has left is used no earlier than all below it.

    Of a block on the stack more than once only the latest counts. Dropped is what `_fifo` drops.
    """
    parents, count = _parents(cut)
    blocks, starts = cut.blocks.tolist(), cut.starts.tolist()
    last, children = [_NONE] * count, [0] * count  # of a block that is not resident _NONE
    ends, result = list[tuple[int, int]](), []
    for start, end in pairwise(starts):
        found, path = start, _NONE
        while found < end and last[blocks[found]] >= 0:
            path = blocks[found]
            last[path] = start
            found += 1
        result.append(found - start)
        for block in blocks[found:end]:
            if room:
                room -= 1
            else:
                leaf, used = ends.pop()
                while last[leaf] != used or children[leaf] or leaf == path:
                    leaf, used = ends.pop()
                last[leaf] = _NONE
                above = parents[leaf]
                if above >= 0:
                    children[above] -= 1
                    ends.append((above, last[above]))
            if path >= 0:
                children[path] += 1
            path = block
            last[path] = start
        if path >= 0:
            ends.append((path, start))
    return result


def _sieve(cut: Paths, room: int) -> list[int]:
    """A list linked from old to new; the hand goes over what is no leaf, or ends the running path, as over visited."""
    parents, count = _parents(cut)
    blocks, starts = cut.blocks.tolist(), cut.starts.tolist()
    visited: list[bool | None] = [None] * count  # None: not resident
    newer, children, result = [_NONE] * count, [0] * count, []
    oldest = newest = before = hand = _NONE
    for start, end in pairwise(starts):
        found, path = start, _NONE
        while found < end and visited[blocks[found]] is not None:
            path = blocks[found]
            visited[path] = True
            found += 1
        result.append(found - start)
        for block in blocks[found:end]:
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
            path = block
            if newest < 0:
                oldest = path
            else:
                newer[newest] = path
            newest = path
            newer[path] = _NONE
            visited[path] = False
    return result


def _parents(cut: Paths) -> tuple[list[int], int]:
    """The parent of each block, and how many numbers blocks have."""
    parents = np.full(int(cut.blocks.max(initial=_NONE)) + 1, _NONE)
    below = np.flatnonzero(cut.depths)
    parents[cut.blocks[below]] = cut.blocks[below - 1]
    found: list[int] = parents.tolist()
    return found, len(found)


_LOOPS: dict[str, Callable[[Paths, int], list[int]]] = {
    "fifo": _fifo,
    "lfu": _lfu,
    "lru": _lru,
    "mru": _mru,
    "sieve": _sieve,
}
NAMES = tuple(_LOOPS)
TURN_NOBODY_AWAY = ("fifo", "lru")
