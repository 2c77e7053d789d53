"""Intervals that may go down from tier to tier while they wait: their best paths at given prices, and a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from commissure.theory.cache.spans import SLACK, Mask, Spans
from commissure.theory.cache.uses import Floats, Ints


@dataclass(frozen=True, eq=False)
class Sinking:
    """Ways of intervals through tiers: at each point of its span an interval is in one tier, never above that of the
    point before, and saves `values[k, j]` if it ends in tier k.

    `room` is per tier and point. A cell is one interval at one point, interval after interval; a path says the tier of
    each cell.
    """

    spans: Spans
    values: Floats
    room: Floats

    @classmethod
    def of(cls, spans: Spans, values: Floats, capacities: Sequence[float]) -> Sinking:
        """Those of the spans in the first tier, with tiers of these capacities below it, over the points that matter.

        The points that `Spans.compressed` leaves out for the first tier go for all: where everything would fit there,
        what is there already stays where it is and what is new is in the first; else it is where its neighbour has it.
        But where to end lower can save more, what comes free at an interval's last points matters, and no point goes.
        """
        if (values[1:] <= values[:-1]).all():
            spans = spans.compressed()
        below = [np.full(len(spans.room), capacity * (1.0 + SLACK)) for capacity in capacities]
        return cls(spans, values, np.vstack([spans.room, *below]))

    @cached_property
    def lengths(self) -> Ints:
        """How many cells each interval has."""
        lengths: Ints = np.maximum(self.spans.last - self.spans.first + 1, 0)
        return lengths

    @cached_property
    def starts(self) -> Ints:
        """The first cell of each interval."""
        starts: Ints = np.cumsum(self.lengths) - self.lengths
        return starts

    @cached_property
    def interval(self) -> Ints:
        """The interval of each cell."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def point(self) -> Ints:
        """The point of each cell."""
        point: Ints = np.arange(len(self.interval)) + (self.spans.first - self.starts)[self.interval]
        return point

    @cached_property
    def fits(self) -> Mask:
        """By tier and cell, whether the interval fits there alone: a fraction of what does not must not count."""
        fits: Mask = self.spans.sizes[self.interval] <= self.room[:, self.point]
        return fits

    def best(self, prices: Floats) -> tuple[float, Floats, Ints]:
        """At these prices >= 0 of room by tier and point: a bound, what each interval gains at most, and its path so.

        No paths that fit save more than the bound (weak duality): all room is let at its price, and each interval takes
        the path that gains most, what it saves less its rent. By dynamic programming, a point of each interval a step.
        """
        tiers = np.arange(len(self.room))[:, None]
        gains = np.where((tiers > 0) & (self.lengths == 0), -np.inf, 0.0)
        reached = np.empty((len(tiers), len(self.interval)))
        for going, cells in self._steps:
            rent = self.spans.sizes[going] * prices[:, self.point[cells]]
            gained = np.maximum.accumulate(gains[:, going], axis=0) - rent
            reached[:, cells] = gains[:, going] = np.where(self.fits[:, cells], gained, -np.inf)
        gains = gains + self.values
        tier, path = gains.argmax(axis=0), np.zeros(len(self.interval), np.int64)
        most = np.maximum(gains.max(axis=0, initial=0.0), 0.0)
        for going, cells in reversed(self._steps):
            inner = cells < (self.starts + self.lengths - 1)[going]
            above = np.where(tiers <= tier[going], reached[:, cells], -np.inf).argmax(axis=0)
            path[cells] = tier[going] = np.where(inner, above, tier[going])
        return float((prices * self.room).sum() + most.sum()), most, path

    @cached_property
    def _steps(self) -> list[tuple[Ints, Ints]]:
        """For the first cells, the second ones and so on: whose they are, and which."""
        order = np.argsort(-self.lengths, kind="stable")
        steps = np.arange(self.lengths.max(initial=0))
        goings = [order[:count] for count in np.searchsorted(-self.lengths[order], -steps, "left")]
        return [(going, self.starts[going] + step) for step, going in zip(steps, goings, strict=True)]

    def rounded(self, parts: Floats, path: Ints) -> Mask:
        """By tier, then interval, whether it ends there under a schedule of whole paths that fits.

        The intervals of which the largest parts are kept first, on these paths; where one has no room, as high as there
        is.
        """
        left, ends = self.room.copy(), np.full(len(parts), len(self.room))
        for number in np.lexsort((-self.values.max(axis=0), -np.round(parts, 6))).tolist():
            start, length, size = self.starts[number], self.lengths[number], self.spans.sizes[number]
            points = slice(self.spans.first[number], self.spans.first[number] + length)
            free, own, places = left[:, points] >= size, path[start : start + length], np.arange(length)
            if not free[own, places].all():
                own = _highest(free)
            end = int(own[-1]) if length else 0
            if end < len(free) and self.values[end, number] > 0:
                left[:, points][own, places] -= size
                ends[number] = end
        kept: Mask = (ends == np.arange(len(self.room))[:, None]).ravel()
        return kept


def _highest(free: Mask) -> Ints:
    """The highest path downwards through what is free, point by point; all one past the last tier if there is none."""
    path, tier = np.empty(free.shape[1], np.int64), 0
    for place, column in enumerate(free.T.tolist()):
        tier = next((lower for lower in range(tier, len(free)) if column[lower]), len(free))
        path[place] = tier
    return path
