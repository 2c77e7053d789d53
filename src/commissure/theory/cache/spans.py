"""Reuse intervals that compete for room along a line: the one problem behind the optima of all the memories here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError
from commissure.theory.cache.uses import Floats, Ints, Uses

Mask = npt.NDArray[np.bool_]
# A capacity is taken for larger by this part, in bounds and schedules alike: 5 x 2.7 is not 13.5 to the last bit.
SLACK = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Interval j, if it is kept, saves `values[j]` and takes `sizes[j]` of the room at points first[j]..last[j].

    Both ends belong to it; where last is first - 1 it takes no room at all. `room` is per point.
    """

    first: Ints
    last: Ints
    sizes: Floats
    values: Floats
    room: Floats

    def load(self, kept: Floats | Mask) -> Floats:
        """What the intervals take at each point, kept in these parts."""
        taken, points = self.sizes * kept, len(self.room) + 1
        change = np.bincount(self.first, taken, points) - np.bincount(self.last + 1, taken, points)
        return np.cumsum(change)[:-1]

    def possible(self) -> Mask:
        """Which intervals fit at all, alone."""
        return self.sizes <= _least_between(self.room, self.first, self.last)

    def without_impossible(self) -> Spans:
        """The same, where what cannot be kept saves nothing: a fraction of it must not count in a relaxation."""
        return replace(self, values=np.where(self.possible(), np.maximum(self.values, 0.0), 0.0))

    def compressed(self) -> Spans:
        """The same intervals over only the points that matter.

        A point goes where even all intervals together would fit, and where a neighbour is crossed by the same intervals
        or more and has no more room.
        """
        spans = self._over(self.load(np.ones(len(self.first))) > self.room)
        # Going on to the next point loses nothing where no interval ends; going back, where none starts.
        ends = _marks(spans.last[spans.first <= spans.last], len(spans.room))
        spans = spans._over(ends | (spans.room < np.append(spans.room[1:], np.inf)))
        starts = _marks(spans.first[spans.first <= spans.last], len(spans.room))
        return spans._over(starts | (spans.room < np.append(np.inf, spans.room[:-1])))

    def rent(self, prices: Floats) -> Floats:
        """What a unit of size pays over each interval, at a price per point."""
        total = np.concatenate(([0.0], np.cumsum(prices)))
        paid: Floats = total[self.last + 1] - total[self.first]
        return paid

    def profits(self, prices: Floats) -> Floats:
        """What each interval saves above its rent."""
        return self.values - self.sizes * self.rent(prices)

    def ceiling(self, prices: Floats) -> float:
        """No intervals that fit save more, whatever prices >= 0 there are (weak duality): a bound that needs no trust.

        All room is let at its price, and each interval takes the profit that is left to it.
        """
        return float(prices @ self.room + np.maximum(self.profits(prices), 0.0).sum())

    def _over(self, points: Mask) -> Spans:
        number = np.concatenate(([0], np.cumsum(points)))
        return replace(self, first=number[self.first], last=number[self.last + 1] - 1, room=self.room[points])


def spans_of(uses: Uses, capacity: float, *, bypass: bool = False) -> Spans:
    """The reuse intervals (a, b) of the uses in one memory, in the order of a; those that cannot be kept save nothing.

    With bypass point t is the gap after use t: an interval takes its size at a..b-1, and the room is the capacity.
    Forced, point t is use t itself, whose object must be resident: an interval takes its size strictly between its
    ends, and the room is what the running object leaves. (That all fits into the gaps too follows: what is kept
    through the gap after t is kept across t, or is the object of t.)
    Raises UsageError for a capacity that is not above 0 or, forced, below the largest object used.
    """
    if not 0 < capacity < np.inf:
        raise UsageError(f"a cache needs a finite capacity above 0, not {capacity!r}")
    starts, ends = uses.intervals()
    of = uses.objects[starts]
    room = np.full(len(uses), capacity * (1.0 + SLACK))
    if not bypass:
        room -= uses.sizes[uses.objects]
        if len(room) and room.min() < 0:
            raise UsageError(
                f"an object of size {capacity - room.min():g} does not fit into a capacity of {capacity:g}, but must "
                "be resident when it is used: give more room, or bypass=True"
            )
    return Spans(starts + (not bypass), ends - 1, uses.sizes[of], uses.costs[of], room).without_impossible()


def _marks(places: Ints, count: int) -> Mask:
    marked = np.zeros(count, np.bool_)
    marked[places] = True
    return marked


def _least_between(values: Floats, first: Ints, last: Ints) -> Floats:
    """The least of values[first..last] for each pair, infinite where it is empty; n log n time, n memory."""
    least = np.full(len(first), np.inf)
    length = last - first + 1
    level = np.where(length > 0, np.frexp(np.maximum(length, 1))[1] - 1, -1)
    window = values
    for power in range(int(level.max(initial=-1)) + 1):
        if power:
            half = 1 << (power - 1)
            window = np.minimum(window[:-half], window[half:])
        here = np.flatnonzero(level == power)
        least[here] = np.minimum(window[first[here]], window[last[here] - (1 << power) + 1])
    return least
