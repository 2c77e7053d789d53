"""Belady's MIN: the fewest misses that any eviction policy can reach on a known sequence of uses."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from heapq import heapify, heappop, heappush, heappushpop, heapreplace
from typing import Any

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError
from commissure.theory.cache.uses import Ints, Uses, next_use


def fewest_misses(
    uses: Sequence[Hashable] | npt.NDArray[Any], places: int, *, bypass: bool = False, following: Ints | None = None
) -> list[int]:
    """The positions of the misses under the optimal policy for entries of equal size.

    Forced residency: what is used must be resident, so a miss always displaces (classical MIN, the rule
    of an engine that runs a prompt in a slot). With `bypass` a miss may be served without a place.
    Evicting the entry whose next use is furthest is optimal (Belady 1966; Mattson et al. 1970).
    `following` is `next_use` of the uses, where it is already known; `uses` are then not read.
    Raises UsageError unless places >= 1.
    """
    if places < 1:
        raise UsageError(f"a cache needs places >= 1, not {places}")
    if following is None:
        following = next_use(Uses.of(uses).objects)
    missed = bytearray(b"\1") * len(following)
    missed_at = np.frombuffer(missed, np.bool_)
    missed_at[following[following < len(following)]] = False
    (_bypassing if bypass else _forced)(following, places, missed)
    return np.flatnonzero(missed_at).tolist()


def _forced(following: Ints, places: int, missed: bytearray) -> None:
    """Mark the misses in `missed`, where first uses are marked already.

    The heap holds the next uses of what is resident, negated. A next use names its object and is unique; one that has
    come to pass is smaller than all that are to come, so that the furthest is always valid. To evict is to mark it.
    An entry that is never used again gives its place back at once.
    """
    never, room = -len(following), places
    heap: list[int] = []
    for start, keys in _stretches(following, places):
        for position, key in enumerate(keys, start):
            if not missed[position] or room:
                room -= missed[position]
                if key == never:
                    room += 1
                else:
                    heappush(heap, key)
            elif key == never:
                missed[-heappop(heap)] = 1
                room = 1
            else:
                missed[-heapreplace(heap, key)] = 1
        _drop_past(heap, start + len(keys))


def _bypassing(following: Ints, places: int, missed: bytearray) -> None:
    """The same, except that the newcomer itself may be the furthest."""
    never, room = -len(following), places
    heap: list[int] = []
    for start, keys in _stretches(following, places):
        for position, key in enumerate(keys, start):
            if not missed[position]:
                room += 1
            if key == never:
                continue
            if room:
                room -= 1
                heappush(heap, key)
            else:
                missed[-heappushpop(heap, key)] = 1
        _drop_past(heap, start + len(keys))


def _stretches(following: Ints, places: int) -> list[tuple[int, list[int]]]:
    """Negated next uses in stretches, between which the heap is rid of what is past, so that it stays small."""
    length = max(4 * places, 4096)
    negated = (-following).tolist()
    return [(start, negated[start : start + length]) for start in range(0, len(negated), length)]


def _drop_past(heap: list[int], now: int) -> None:
    heap[:] = [key for key in heap if key <= -now]
    heapify(heap)
