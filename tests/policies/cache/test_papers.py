"""Evictors that remember, against the queues and lists of their papers, written down without priorities."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.eviction import Plan
from commissure.policies.cache import build_evictor
from commissure.policies.cache.traces.flat import Use, replay, uses_of
from tests.policies.cache.draws import traces


class S3FifoQueues:
    """Yang and others 2023, algorithm 1; the tail of a queue is its index 0.

    evictS ends when evictM has made room, and M is full above nine tenths: at the seam only one leaves at a time.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.small: list[int] = []
        self.main: list[int] = []
        self.ghost: list[int] = []
        self.freq: dict[int, int] = {}

    def read(self, x: int) -> bool:
        if x in self.small or x in self.main:
            self.freq[x] = min(self.freq[x] + 1, 3)
            return True
        while len(self.small) + len(self.main) >= self.capacity:
            if 10 * len(self.small) >= self.capacity:
                self.evict_small()
            else:
                self.evict_main()
        if x in self.ghost:
            self.ghost.remove(x)
            self.main.append(x)
        else:
            self.small.append(x)
        self.freq[x] = 0
        return False

    def evict_small(self) -> None:
        while self.small:
            t = self.small.pop(0)
            if self.freq[t] > 1:
                self.main.append(t)
                self.freq[t] = 0  # "its access bits are cleared during the move"
                if 10 * len(self.main) > 9 * self.capacity:
                    self.evict_main()
                    return
            else:
                self.ghost.append(t)
                while 10 * len(self.ghost) > 9 * self.capacity:
                    self.ghost.pop(0)
                return

    def evict_main(self) -> None:
        while self.main:
            t = self.main.pop(0)
            if self.freq[t] == 0:
                return
            self.main.append(t)
            self.freq[t] -= 1


class ArcLists:
    """Megiddo and Modha 2003, figure 4; the LRU end of a list is its index 0."""

    def __init__(self, capacity: int) -> None:
        self.c, self.p = capacity, 0.0
        self.t1: list[int] = []
        self.t2: list[int] = []
        self.b1: list[int] = []
        self.b2: list[int] = []

    def read(self, x: int) -> bool:
        if x in self.t1 or x in self.t2:  # case I
            (self.t1 if x in self.t1 else self.t2).remove(x)
            self.t2.append(x)
            return True
        if x in self.b1:  # case II
            self.p = min(self.p + (1 if len(self.b1) >= len(self.b2) else len(self.b2) / len(self.b1)), self.c)
            self.replace(x)
            self.b1.remove(x)
            self.t2.append(x)
        elif x in self.b2:  # case III
            self.p = max(self.p - (1 if len(self.b2) >= len(self.b1) else len(self.b1) / len(self.b2)), 0)
            self.replace(x)
            self.b2.remove(x)
            self.t2.append(x)
        else:  # case IV
            if len(self.t1) + len(self.b1) == self.c:
                if len(self.t1) < self.c:
                    self.b1.pop(0)
                    self.replace(x)
                else:
                    self.t1.pop(0)
            elif (total := len(self.t1) + len(self.t2) + len(self.b1) + len(self.b2)) >= self.c:
                if total == 2 * self.c:
                    self.b2.pop(0)
                self.replace(x)
            self.t1.append(x)
        return False

    def replace(self, x: int) -> None:
        if self.t1 and (len(self.t1) > self.p or (x in self.b2 and len(self.t1) == self.p)):
            self.b1.append(self.t1.pop(0))
        else:
            self.b2.append(self.t2.pop(0))


class SlruSegments:
    """Karedla, Love, Wherry 1994, with three fifths protected; the LRU end of a segment is its index 0.

    While the cache fills, what comes goes to the protected segment if only that has room.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.probationary: list[int] = []
        self.protected: list[int] = []

    def read(self, x: int) -> bool:
        hit = x in self.probationary or x in self.protected
        if hit:
            (self.probationary if x in self.probationary else self.protected).remove(x)
            self.protected.append(x)
            while 5 * len(self.protected) > 3 * self.capacity:
                self.probationary.append(self.protected.pop(0))
            return True
        if len(self.probationary) + len(self.protected) == self.capacity:
            (self.probationary or self.protected).pop(0)
        full = 5 * (len(self.probationary) + 1) > 2 * self.capacity
        room = 5 * (len(self.protected) + 1) <= 3 * self.capacity
        (self.protected if full and room else self.probationary).append(x)
        return False


def gdsf_misses(uses: list[Use], capacity: float) -> list[int]:
    """Cherkasova 1998: H = L + frequency * cost / size; of equals the least recently used."""
    age, room, missed = 0.0, capacity, []
    merit: dict[object, tuple[float, int]] = {}
    frequency: dict[object, int] = {}
    sizes = {use.key: use.size for use in uses}
    for position, use in enumerate(uses):
        if use.key not in merit:
            missed.append(position)
            frequency[use.key] = 0
            while room < use.size:
                victim = min(merit, key=merit.__getitem__)
                age = merit.pop(victim)[0]
                room += sizes[victim]
            room -= use.size
        frequency[use.key] += 1
        merit[use.key] = age + frequency[use.key] * use.cost / use.size, position
    return missed


@pytest.mark.parametrize(
    ("name", "paper"),
    [("s3fifo", S3FifoQueues), ("arc", ArcLists), ("slru", SlruSegments)],
    ids=["s3fifo", "arc", "slru"],
)
@given(
    trace=traces(),
    capacity=st.integers(1, 20),
)
def test_misses_as_in_the_paper(
    name: str, paper: Callable[[int], S3FifoQueues | ArcLists | SlruSegments], trace: list[int], capacity: int
) -> None:
    reads = paper(capacity)
    expected = [position for position, used in enumerate(trace) if not reads.read(used)]
    assert list(replay(build_evictor(name, Plan()), uses_of(trace), capacity).missed) == expected


@given(
    trace=traces(9, 150),
    sizes=st.lists(st.integers(1, 4), min_size=10, max_size=10),
    costs=st.lists(st.integers(1, 9), min_size=10, max_size=10),
    capacity=st.integers(4, 15),
)
def test_gdsf_by_sizes_and_costs(trace: list[int], sizes: list[int], costs: list[int], capacity: int) -> None:
    uses = [Use(used, size=sizes[used], cost=costs[used]) for used in trace]
    assert list(replay(build_evictor("gdsf", Plan()), uses, capacity).missed) == gdsf_misses(uses, capacity)
