"""The loops of `compiled`, machine code from their first call on. Imports numba, so that nothing else imports this."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Loop = TypeVar("Loop", bound=Callable[..., object])
Ints = NDArray[np.int64]
NONE = -1
_BITS = 31  # of a key for a position: traces of up to two thousand million uses
_LOW = (1 << _BITS) - 1


def _compiled(loop: Loop) -> Loop:
    return cast("Loop", numba.njit(nogil=True)(loop))


@_compiled
def lru(objects: Ints, places: int, ids: int) -> Ints:
    """The trace itself is the queue: a position counts while it is its object's last use."""
    last = np.full(ids, NONE, np.int32)
    misses = np.empty(len(objects), np.int64)
    missed = oldest = 0
    for position in range(len(objects)):
        used = objects[position]
        if last[used] == NONE:
            if missed >= places:
                while last[objects[oldest]] != oldest:
                    oldest += 1
                last[objects[oldest]] = NONE
            misses[missed] = position
            missed += 1
        last[used] = position
    return misses[:missed].copy()


@_compiled
def fifo(objects: Ints, places: int, ids: int) -> Ints:
    """The misses are the queue: each displaces what was missed `places` misses ago."""
    resident = np.zeros(ids, np.uint8)
    misses = np.empty(len(objects), np.int64)
    missed = 0
    for position in range(len(objects)):
        used = objects[position]
        if not resident[used]:
            if missed >= places:
                resident[objects[misses[missed - places]]] = 0
            resident[used] = 1
            misses[missed] = position
            missed += 1
    return misses[:missed].copy()


@_compiled
def mru(objects: Ints, places: int, ids: int) -> Ints:
    """Who leaves is whom the use before used."""
    resident = np.zeros(ids, np.uint8)
    misses = np.empty(len(objects), np.int64)
    missed = 0
    for position in range(len(objects)):
        used = objects[position]
        if not resident[used]:
            if missed >= places:
                resident[objects[position - 1]] = 0
            resident[used] = 1
            misses[missed] = position
            missed += 1
    return misses[:missed].copy()


@_compiled
def sieve(objects: Ints, places: int, ids: int) -> Ints:
    """A list linked from old to new: only the hand takes out, and it knows whom it came from."""
    state = np.zeros(ids, np.uint8)  # 0 absent, 1 resident, 2 visited
    newer = np.full(ids, NONE, np.int32)
    misses = np.empty(len(objects), np.int64)
    missed = 0
    oldest = newest = before = hand = NONE
    for position in range(len(objects)):
        used = objects[position]
        if state[used]:
            state[used] = 2
            continue
        if missed >= places:
            if hand == NONE:
                before, hand = NONE, oldest
            while state[hand] == 2:
                state[hand] = 1
                before, hand = hand, newer[hand]
                if hand == NONE:
                    before, hand = NONE, oldest
            state[hand] = 0
            if before == NONE:
                oldest = newer[hand]
            else:
                newer[before] = newer[hand]
            if hand == newest:
                newest = before
            hand = newer[hand]
        if newest == NONE:
            oldest = used
        else:
            newer[newest] = used
        newest = used
        newer[used] = NONE
        state[used] = 1
        misses[missed] = position
        missed += 1
    return misses[:missed].copy()


@_compiled
def _sink(heap: Ints, size: int, record: int) -> None:
    """Put the record in place of the smallest of a binary heap."""
    hole = 0
    child = 1
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= record:
            break
        heap[hole] = heap[child]
        hole = child
        child = 2 * hole + 1
    heap[hole] = record


@_compiled
def lfu(objects: Ints, places: int, ids: int) -> Ints:
    """A key is uses and last position in one int. It only grows, so that the heap is put right when it is asked."""
    keys = np.zeros(ids, np.int64)
    heap = np.empty(min(places, len(objects)), np.int64)
    misses = np.empty(len(objects), np.int64)
    missed = 0
    for position in range(len(objects)):
        used = objects[position]
        if keys[used]:
            keys[used] = (keys[used] | _LOW) + 1 + position
            continue
        keys[used] = _LOW + 1 + position
        if missed < places:  # each record is larger than those before it, and a sorted array is a heap
            heap[missed] = keys[used]
        else:
            now = keys[objects[heap[0] & _LOW]]
            while now != heap[0]:
                _sink(heap, places, now)
                now = keys[objects[heap[0] & _LOW]]
            keys[objects[heap[0] & _LOW]] = 0
            _sink(heap, places, keys[used])
        misses[missed] = position
        missed += 1
    return misses[:missed].copy()


@_compiled
def next_uses(objects: Ints, ids: int) -> Ints:
    """As `quick.next_uses`."""
    later = np.full(ids, NONE, np.int64)
    result = np.empty(len(objects), np.int64)
    for position in range(len(objects) - 1, -1, -1):
        used = objects[position]
        result[position] = later[used]
        later[used] = position
    return result


@_compiled
def _settle(keys: Ints, held: Ints, where: NDArray[np.int32], size: int, hole: int, key: int, used: int) -> None:
    """Put an object with its key into the hole of a binary heap, the largest first, and move it to where it belongs."""
    while hole and keys[(hole - 1) >> 1] < key:
        parent = (hole - 1) >> 1
        keys[hole] = keys[parent]
        held[hole] = held[parent]
        where[held[hole]] = hole
        hole = parent
    child = 2 * hole + 1
    while child < size:
        if child + 1 < size and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[hole] = keys[child]
        held[hole] = held[child]
        where[held[hole]] = hole
        hole = child
        child = 2 * hole + 1
    keys[hole] = key
    held[hole] = used
    where[used] = hole


@_compiled
def topology(objects: Ints, places: int, ids: int, next_use: Ints, bypass: bool) -> Ints:
    """A heap that knows where each object is: declared next use, the furthest first, of equals the longest unused.

    With the truth declared it is Belady's MIN.
    """
    room = min(places, len(objects))
    keys = np.empty(room, np.int64)
    held = np.empty(room, np.int64)
    where = np.full(ids, NONE, np.int32)
    misses = np.empty(len(objects), np.int64)
    missed = size = 0
    for position in range(len(objects)):
        used = objects[position]
        following = next_use[position] if 0 <= next_use[position] < _LOW else _LOW
        key = (following << _BITS) | (_LOW - position)
        hole = where[used]
        if hole == NONE:
            misses[missed] = position
            missed += 1
            if size < room:
                hole = size
                size += 1
            elif bypass and following > keys[0] >> _BITS:
                continue
            else:
                hole = 0
                where[held[0]] = NONE
        _settle(keys, held, where, size, hole, key, used)
    return misses[:missed].copy()
