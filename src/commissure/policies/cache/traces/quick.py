"""Misses of a long trace of objects of one size, in plain Python: one tight loop a policy, no seam."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Sized
from heapq import heappop, heappush, heapreplace

import numpy as np

from commissure.hal.errors import UsageError, unknown
from commissure.theory.cache.belady import fewest_misses

NEVER = -1  # as in libCacheSim's oracleGeneral traces


def missed(
    name: str, objects: Sequence[int], places: int, *, next_use: Sequence[int] | None = None, bypass: bool = False
) -> list[int]:
    """The positions of the misses of a policy, as a cache by the seam with its evictor has them.

    `next_use` is for `topology`: each use's declaration of the position at which its object is needed next, NEVER (or
    2**31 and more) if it is not; by default the truth. A declaration that turns out wrong stands until the object is
    used. Residency is forced; `bypass` is for `belady` and `topology`, which may serve an object without giving it a
    place. Objects may have any numbers; small ones from 0 on are fastest. Raises UsageError for a policy that has no
    loop here, places < 1, more or fewer declarations than uses, or a bypass where the policy has none.
    """
    check(name, len(objects), places, next_use, bypass, NAMES)
    if name == "belady":
        return fewest_misses(objects, places, bypass=bypass)
    dense, ids = _dense(objects)
    if name == "topology":
        return _topology(dense, places, ids, next_uses(dense) if next_use is None else next_use, bypass)
    return _LOOPS[name](dense, places, ids)


def check(name: str, uses: int, places: int, next_use: Sized | None, bypass: bool, names: tuple[str, ...]) -> None:
    """Raise UsageError as `missed` says."""
    if name not in names:
        raise unknown("policy of a trace's own loop", name, names)
    if places < 1:
        raise UsageError(f"a cache needs places >= 1, not {places}")
    if next_use is not None and (name != "topology" or len(next_use) != uses):
        raise UsageError(f"next_use is for 'topology', one for each of {uses} uses; got {len(next_use)} for {name!r}")
    if bypass and name not in ("belady", "topology"):
        raise UsageError(f"bypass is for 'belady' and 'topology', not {name!r}: replay it by the seam (flat.replay)")


def next_uses(objects: Sequence[Hashable]) -> list[int]:
    """For each position the position of the same object's next use; NEVER after its last."""
    later: dict[Hashable, int] = {}
    result = [NEVER] * len(objects)
    for position in range(len(objects) - 1, -1, -1):
        used = objects[position]
        result[position] = later.get(used, NEVER)
        later[used] = position
    return result


def _dense(objects: Sequence[int]) -> tuple[Sequence[int], int]:
    """The objects numbered from 0 on, and how many numbers: a list is faster than a dict."""
    if objects and min(objects) >= 0 and max(objects) < 4 * len(objects) + 1024:
        return objects, max(objects) + 1
    numbers = {used: number for number, used in enumerate(dict.fromkeys(objects))}
    return [numbers[used] for used in objects], len(numbers)


def _lru(objects: Sequence[int], places: int, ids: int) -> list[int]:
    """The trace itself is the queue: resident is who was last used at `oldest` or later."""
    last = [-1] * ids
    misses = []
    oldest, room = 0, places
    for position, used in enumerate(objects):
        if last[used] < oldest:
            misses.append(position)
            if room:
                room -= 1
            else:
                while last[objects[oldest]] != oldest:
                    oldest += 1
                oldest += 1
        last[used] = position
    return misses


def _fifo(objects: Sequence[int], places: int, ids: int) -> list[int]:
    """Resident is who came by one of the last `places` misses."""
    came = [-places - 1] * ids  # by which miss
    misses: list[int] = []
    oldest = -places
    for position, used in enumerate(objects):
        if came[used] < oldest:
            came[used] = len(misses)
            misses.append(position)
            oldest += 1
    return misses


def _mru(objects: Sequence[int], places: int, ids: int) -> list[int]:
    """Who leaves is whom the use before used."""
    resident = [False] * ids
    misses = []
    room = places
    for position, used in enumerate(objects):
        if not resident[used]:
            misses.append(position)
            if room:
                room -= 1
            else:
                resident[objects[position - 1]] = False
            resident[used] = True
    return misses


def _lfu(objects: Sequence[int], places: int, ids: int) -> list[int]:
    """A key is uses and last position in one int. It only grows, so that the heap is put right when it is asked."""
    keys = [0] * ids
    low = (1 << len(objects).bit_length()) - 1
    heap: list[int] = []
    misses = []
    for position, used in enumerate(objects):
        if keys[used]:
            keys[used] = (keys[used] | low) + 1 + position
            continue
        misses.append(position)
        key = keys[used] = low + 1 + position
        if len(heap) < places:
            heap.append(key)  # larger than those before it, and a sorted list is a heap
            continue
        while (now := keys[objects[heap[0] & low]]) != heap[0]:
            heapreplace(heap, now)
        keys[objects[heapreplace(heap, key) & low]] = 0
    return misses


def _sieve(objects: Sequence[int], places: int, ids: int) -> list[int]:
    """A list linked from old to new: only the hand takes out, and it knows whom it came from."""
    visited: list[bool | None] = [None] * ids  # None: not resident
    newer = [-1] * ids
    misses = []
    room = places
    oldest = newest = before = hand = -1
    for position, used in enumerate(objects):
        if visited[used] is not None:
            visited[used] = True
            continue
        misses.append(position)
        if room:
            room -= 1
        else:
            if hand < 0:
                before, hand = -1, oldest
            while visited[hand]:
                visited[hand] = False
                before, hand = (hand, newer[hand]) if hand != newest else (-1, oldest)
            visited[hand] = None
            if before < 0:
                oldest = newer[hand]
            else:
                newer[before] = newer[hand]
            if hand == newest:
                newest = before
            hand = newer[hand]
        if newest < 0:
            oldest = used
        else:
            newer[newest] = used
        newest = used
        newer[used] = -1
        visited[used] = False
    return misses


def _topology(objects: Sequence[int], places: int, ids: int, next_use: Sequence[int], bypass: bool) -> list[int]:
    """A record is declared next use, negated, and position of a use in one int; it counts while that use is the last.

    A heap gives the furthest, of equals the longest unused. Those never needed again wait in a queue of their own.
    """
    bits = len(objects).bit_length()
    low = (1 << bits) - 1
    last: list[int | None] = [None] * ids
    heap: list[int] = []
    never: list[int] = []
    misses = []
    room, served = places, 0
    for used, record in zip(objects, _records(next_use, bits), strict=True):
        if last[used] is None:
            misses.append(record & low)
            while served < len(never) and last[objects[never[served]]] != never[served]:
                served += 1
            if room:
                room -= 1
            elif served < len(never):
                last[objects[never[served]]] = None
            else:
                while last[objects[heap[0] & low]] != heap[0]:
                    heappop(heap)
                if bypass and (record >= 0 or record >> bits < heap[0] >> bits):
                    continue
                last[objects[heappop(heap) & low]] = None
        last[used] = record
        if record < 0:
            heappush(heap, record)
        else:
            never.append(record)
    return misses


def _records(next_use: Sequence[int], bits: int) -> list[int]:
    """As `_topology` wants them, below 0; of those never needed again the position alone."""
    following, positions = np.asarray(next_use, np.int64), np.arange(len(next_use))
    declared = (following >= 0) & (following < 2**31 - 1)
    records: list[int] = np.where(declared, (~following << bits) | positions, positions).tolist()
    return records


_LOOPS: dict[str, Callable[[Sequence[int], int, int], list[int]]] = {
    "fifo": _fifo,
    "lfu": _lfu,
    "lru": _lru,
    "mru": _mru,
    "sieve": _sieve,
}
NAMES = tuple(sorted((*_LOOPS, "belady", "topology")))
