"""libCacheSim, the independent peer: misses of a trace by its API of single requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

PEERS = {"belady": "Belady", "fifo": "FIFO", "lfu": "LFU", "lru": "LRU", "sieve": "Sieve"}
NEVER = 2**40  # Its Belady wants a time far away where ours has -1.


def cache(name: str, places: int) -> Any:
    """Its cache of a policy, with a hash table of 2**17 buckets: the default of 2**24 is slow to make and to walk."""
    peers = pytest.importorskip("libcachesim")
    return getattr(peers, PEERS[name])(cache_size=places, hashpower=17)


def missed(name: str, objects: Sequence[int], places: int, next_use: Sequence[int]) -> list[int]:
    """The positions of the misses."""
    peers = pytest.importorskip("libcachesim")
    get, request, misses = cache(name, places).get, peers.Request(), []
    request.obj_size = 1
    for position, (used, following) in enumerate(zip(objects, next_use, strict=True)):
        request.obj_id = used
        request.next_access_vtime = NEVER if following < 0 else following
        if not get(request):
            misses.append(position)
    return misses
