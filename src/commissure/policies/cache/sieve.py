"""SIEVE: a hand goes from the oldest to the newest and takes the first that was not used since it last came by."""

from __future__ import annotations

from collections.abc import Hashable

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Sieve(Evictor):
    """Zhang, Yang, Yue, Vigfusson, Rashmi: SIEVE is Simpler than LRU (NSDI 2024).

    Where the cache takes another than the hand would (the first are in use), the hand goes on to that one.
    """

    def __init__(self) -> None:
        self._hand = 0
        self._count = 0
        self._numbers: dict[Hashable, int] = {}
        self._visited: set[Hashable] = set()

    def for_cache(self, capacity: float) -> Sieve:
        """Its own hand."""
        return Sieve()

    def priority(self, entry: Resident, now: Moment) -> tuple[bool, bool, int]:
        """Whether it was visited, whether the hand has passed it, and which number it came as."""
        number = self._numbers.get(entry.key, self._count)
        return entry.key in self._visited, number < self._hand, number

    def entered(self, entry: Resident, now: Moment) -> None:
        """It is the newest."""
        self._numbers.pop(entry.key, None)
        self._numbers[entry.key] = self._count
        self._count += 1
        self._visited.discard(entry.key)

    def used(self, entry: Resident, now: Moment) -> None:
        """The hand will pass it once."""
        self._visited.add(entry.key)

    def left(self, entry: Resident, now: Moment) -> None:
        """The hand went here, over visited ones that are so no more, and now points to the next newer."""
        number = self._numbers.pop(entry.key, None)
        if number is None:
            return
        if entry.key in self._visited:  # it has been all the way round
            self._visited.clear()
        self._visited -= {key for key in self._visited if self._is_passed(self._numbers.get(key, -1), number)}
        newest = next(reversed(self._numbers.values()), -1)
        self._hand = number + 1 if newest > number else 0

    def _is_passed(self, number: int, goal: int) -> bool:
        """Whether the hand comes by a number on its way to the goal."""
        if goal >= self._hand:
            return self._hand <= number < goal
        return number >= self._hand or number < goal


def build(plan: Plan) -> Sieve:
    """Needs nothing of the plan."""
    return Sieve()
