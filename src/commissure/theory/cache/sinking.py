"""Intervals that may go down from tier to tier while they wait: the program of all such paths, a bound, a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from commissure.hal.errors import CommissureError
from commissure.theory.cache.solve import Solution
from commissure.theory.cache.spans import SLACK, Mask, Spans
from commissure.theory.cache.uses import Floats, Ints


@dataclass(frozen=True, eq=False)
class Paths:
    """Ways of intervals through tiers: at each point of its span an interval is in one tier, never above that of the
    point before, and saves `values[k, j]` if it ends in tier k.

    `room` is per tier and point. A cell is one interval at one point, interval after interval. `parts` of a solution
    are heights: for each tier but the last and each cell how much is in that tier or above it; then for each interval
    how much is anywhere, all along: what is lost on the way saves nothing and might as well never have been kept.
    """

    spans: Spans
    values: Floats
    room: Floats

    @classmethod
    def of(cls, spans: Spans, values: Floats, capacities: Sequence[float]) -> Paths:
        """Those of the spans in the first tier, with tiers of these capacities below it, over the points that matter.

        The points that `Spans.compressed` leaves out for the first tier go for all: where everything would fit there,
        what is there already stays where it is and what is new is in the first; else it is where its neighbour has it.
        """
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

    def ceiling(self, prices: Floats) -> float:
        """No paths that fit save more, whatever prices >= 0 of room there are by tier and point (weak duality).

        All room is let at its price, and each interval takes its best path: by dynamic programming, point after point
        of all intervals at once.
        """
        order = np.argsort(-self.lengths, kind="stable")
        profits = np.zeros((len(self.room), len(order)))
        profits[1:, self.lengths[order] == 0] = -np.inf
        steps = np.arange(self.lengths.max(initial=0))
        for step, going in zip(steps, np.searchsorted(-self.lengths[order], -steps, "left"), strict=True):
            cells = self.starts[order[:going]] + step
            rent = self.spans.sizes[order[:going]] * prices[:, self.point[cells]]
            reached = np.maximum.accumulate(profits[:, :going], axis=0) - rent
            profits[:, :going] = np.where(self.fits[:, cells], reached, -np.inf)
        best = (profits + self.values[:, order]).max(axis=0)
        return float((prices * self.room).sum() + np.maximum(best, 0.0).sum())

    def relaxed(self) -> Solution:
        """The optimum of fractions of paths. Raises CommissureError if HiGHS fails."""
        room, limits, order = self._rows()
        if not len(self.lengths):
            return Solution(np.zeros(0), 0.0)
        money = float(self.values.max()) or 1.0
        found: Any = linprog(
            -self._gains() / money,
            sparse.vstack([room, order], "csc"),
            np.append(limits, np.zeros(order.shape[0])),
            bounds=(0, 1),
            method="highs-ds",
        )
        if found.status != 0:
            raise CommissureError(f"the program of {len(self.lengths)} sinking intervals failed: {found.message}")
        scale = float(self.spans.sizes.max())
        prices = np.maximum(-np.asarray(found.ineqlin.marginals)[: len(limits)], 0.0) * money / scale
        prices = prices.reshape(self.room.shape)
        return Solution(np.clip(found.x, 0.0, 1.0), self.ceiling(prices), tuple(prices))

    def integral(self, *, time_limit_s: float = 60.0) -> Solution:
        """The optimum of whole paths, or how far HiGHS came towards it in this time."""
        room, limits, order = self._rows()
        if not len(self.lengths):
            return Solution(np.zeros(0), 0.0)
        gains = self._gains()
        found: Any = milp(
            -gains,
            constraints=[LinearConstraint(room, -np.inf, limits), LinearConstraint(order, -np.inf, 0.0)],
            bounds=Bounds(0, 1),
            integrality=np.ones(len(gains), np.int64),
            options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
        )
        bound = found.mip_dual_bound
        every = float(self.values.max(axis=0).sum())
        ceiling = every if bound is None or not np.isfinite(bound) else -float(bound)
        return Solution(None if found.x is None else np.round(found.x), ceiling)

    def rounded(self, parts: Floats) -> Mask:
        """By tier, then interval, whether it ends there under a schedule of whole paths that fits.

        The largest part first, on the path of its middle half; where that has no room, as high as there is.
        """
        cells, tiers = len(self.interval), len(self.room)
        heights, whole = parts[: (tiers - 1) * cells].reshape(tiers - 1, cells), parts[(tiers - 1) * cells :]
        middle = (heights < whole[self.interval] / 2).sum(axis=0)
        left, ends = self.room.copy(), np.full(len(whole), tiers)
        for number in np.lexsort((-self.values.max(axis=0), -np.round(whole, 6))).tolist():
            first, length, size = self.starts[number], self.lengths[number], self.spans.sizes[number]
            points = slice(self.spans.first[number], self.spans.first[number] + length)
            free = left[:, points] >= size
            path, places = middle[first : first + length], np.arange(length)
            if not free[path, places].all():
                path = _highest(free)
            end = int(path[-1]) if length else 0
            if end < tiers and self.values[end, number] > 0:
                left[:, points][path, places] -= size
                ends[number] = end
        kept: Mask = (ends == np.arange(tiers)[:, None]).ravel()
        return kept

    def _gains(self) -> Floats:
        """What each height saves: one tier higher at the end, what that saves above the tier below."""
        tiers, cells = len(self.room), len(self.interval)
        gains = np.zeros((tiers - 1) * cells + len(self.lengths))
        waits = self.lengths > 0
        last = (self.starts + self.lengths - 1)[waits]
        for tier, more in enumerate(self.values[:-1] - self.values[1:]):
            gains[tier * cells + last] = more[waits]
        gains[(tiers - 1) * cells :] = np.where(waits, self.values[-1], self.values[0])
        return gains

    def _rows(self) -> tuple[sparse.csr_array, Floats, sparse.csr_array]:
        """Room by tier and point, in units of the largest size, and its limits; what must not be above 0."""
        cells, every = len(self.interval), np.arange(len(self.interval))
        above = sparse.eye_array(cells * (len(self.room) - 1), format="csr")
        anywhere = sparse.csr_array((np.ones(cells), (every, self.interval)), (cells, len(self.lengths)))
        heights = sparse.block_diag([above, anywhere], "csr")
        by_tier = [heights[tier * cells : (tier + 1) * cells] for tier in range(len(self.room))]
        inside = [by_tier[0], *(here - higher for higher, here in pairwise(by_tier))]
        scale = float(self.spans.sizes.max(initial=1.0))
        sizes = self.spans.sizes[self.interval] / scale
        taken = sparse.csr_array((sizes, (self.point, every)), (self.room.shape[1], cells))
        on = every[self.point < self.spans.last[self.interval]]
        order = [one[on + 1] - one[on] for one in by_tier[:-1]]
        order += [-one for one in inside[1:]]
        order += [one[~fit] for one, fit in zip(inside, self.fits, strict=True)]
        return (
            sparse.vstack([taken @ one for one in inside], "csr"),
            self.room.ravel() / scale,
            sparse.vstack(order, "csr"),
        )


def _highest(free: Mask) -> Ints:
    """The highest path downwards through what is free, point by point; all one past the last tier if there is none."""
    path, tier = np.empty(free.shape[1], np.int64), 0
    for place, column in enumerate(free.T.tolist()):
        tier = next((lower for lower in range(tier, len(free)) if column[lower]), len(free))
        path[place] = tier
    return path
