"""The linear program of intervals that sink through tiers, by column generation: paths are added as prices ask."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from commissure.hal.errors import CommissureError
from commissure.theory.cache.bounds import EXACT
from commissure.theory.cache.sinking import Sinking
from commissure.theory.cache.spans import Mask
from commissure.theory.cache.uses import Floats, Ints

# The part that the best prices so far have in those that paths are sought at: they swing less from round to round
# (Wentges 1997, Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming).
INERTIA = 0.5


def linear(sinking: Sinking) -> tuple[float, Mask]:
    """What no parts of paths exceed, and a schedule of whole ones. Raises CommissureError if HiGHS fails.

    There are far more paths than an optimum has: those that stay in one tier come first, then at each round those that
    gain most at the prices of the round before, until the bound at some prices is what the paths so far reach.
    """
    master = _Master(sinking)
    for tier, fits in enumerate(sinking.fits):
        outside = np.bincount(sinking.interval, ~fits, len(sinking.lengths)) > 0
        saves = ~outside & ((sinking.lengths > 0) | (tier == 0)) & (sinking.values[tier] > 0)
        master.add(np.flatnonzero(saves), np.full(len(fits), tier))
    ceiling, steady, parts = np.inf, None, np.zeros(0)
    while True:
        reached, parts, prices = master.solved()
        before = len(master.owners)
        for one in (prices,) if steady is None else (INERTIA * steady + (1.0 - INERTIA) * prices, prices):
            bound, gains, path = sinking.best(one)
            if bound < ceiling:
                ceiling, steady = bound, one
            master.add(np.flatnonzero(gains > EXACT * master.money), path)
        if ceiling - reached <= EXACT * (1.0 + ceiling) or len(master.owners) == before:
            return ceiling, master.rounded(parts)


class _Master:
    """The program of the paths so far. As in `solve.relaxed` a path is its size x part, and room bounds what is taken
    at a point, which changes only where paths start, end or go down: few coefficients, all 1.
    """

    def __init__(self, sinking: Sinking) -> None:
        self._sinking = sinking
        self._known: set[tuple[int, bytes]] = set()
        self._paths: list[Ints] = []
        self._entries: list[tuple[int, int, float]] = []
        self.owners: list[int] = []
        self._values: list[float] = []
        self._scale = float(sinking.spans.sizes.max(initial=1.0))
        self.money = float(sinking.values.max(initial=0.0)) or 1.0

    def add(self, intervals: Ints, path: Ints) -> None:
        """The paths of these intervals, where they are new."""
        sinking, points = self._sinking, self._sinking.room.shape[1]
        for number in intervals.tolist():
            length, first = sinking.lengths[number], sinking.spans.first[number]
            own = path[sinking.starts[number] : sinking.starts[number] + length]
            name = (number, own.tobytes())
            if name in self._known:
                continue
            self._known.add(name)
            changes = [0, *(np.flatnonzero(np.diff(own)) + 1).tolist(), length] if length else []
            for begin, end in pairwise(changes):
                row = int(own[begin]) * points + first
                self._entries.append((row + begin, len(self.owners), -1.0))
                if first + end < points:
                    self._entries.append((row + end, len(self.owners), 1.0))
            self.owners.append(number)
            self._paths.append(own)
            self._values.append(float(sinking.values[own[-1] if length else 0, number]))

    def solved(self) -> tuple[float, Floats, Floats]:
        """What the paths save at most, the part of each, and the prices of room by tier and point."""
        tiers, points = self._sinking.room.shape
        count, rows = len(self.owners), tiers * points
        if not count:
            return 0.0, np.zeros(0), np.zeros((tiers, points))
        sizes = self._sinking.spans.sizes[self.owners] / self._scale
        room = self._sinking.room.ravel() / self._scale
        once = sparse.csc_array((1.0 / sizes, (self.owners, np.arange(count))), (len(self._sinking.lengths), count))
        program = dict[str, Any](
            c=np.concatenate((-np.array(self._values) / self.money / sizes, np.zeros(rows))),
            A_ub=sparse.hstack([once, sparse.csc_array((once.shape[0], rows))], "csc"),
            b_ub=np.ones(once.shape[0]),
            bounds=np.column_stack((np.zeros(count + rows), np.concatenate((sizes, room)))),
        )
        if rows:
            row, column, factor = np.array(self._entries).reshape(-1, 3).T
            changes = sparse.csc_array((factor, (row.astype(np.int64), column.astype(np.int64))), (rows, count))
            steps = sparse.eye_array(points) - sparse.eye_array(points, k=-1)
            program["A_eq"] = sparse.hstack([changes, sparse.block_diag([steps] * tiers)], "csc")
            program["b_eq"] = np.zeros(rows)
        found: Any = linprog(**program, method="highs-ds")
        if found.status != 0:
            raise CommissureError(f"the program of {count} paths was not solved: {found.message}")
        prices = np.maximum(-np.asarray(found.upper.marginals)[count:], 0.0) * self.money / self._scale
        return -found.fun * self.money, np.asarray(found.x)[:count] / sizes, prices.reshape(tiers, points)

    def rounded(self, parts: Floats) -> Mask:
        """A schedule: of each interval the path of which most is kept, if it fits."""
        whole, path = np.zeros(len(self._sinking.lengths)), np.zeros(len(self._sinking.interval), np.int64)
        for column in np.argsort(parts, kind="stable").tolist():
            number = self.owners[column]
            whole[number] += parts[column]
            start = self._sinking.starts[number]
            path[start : start + self._sinking.lengths[number]] = self._paths[column]
        return self._sinking.rounded(whole, path)
