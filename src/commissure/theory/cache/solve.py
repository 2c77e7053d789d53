"""The linear and the integer program of intervals that compete for room, by HiGHS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from commissure.hal.errors import CommissureError
from commissure.theory.cache.spans import Spans
from commissure.theory.cache.uses import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Further conditions: matrix @ x <= limits, where x has the intervals of all tiers one after another."""

    matrix: sparse.csr_array
    limits: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """`parts`: how much of each interval is kept, tier after tier; None if nothing was found in time.

    No solution saves more than `ceiling`. `prices` are of a unit of room at each point of each tier, where known.
    """

    parts: Floats | None
    ceiling: float
    prices: tuple[Floats, ...] = ()


def relaxed(tiers: Sequence[Spans], rows: Rows | None = None) -> Solution:
    """The optimum where fractions of intervals may be kept.

    In the variables y = size * x and f = what is kept at a point, the rows of one tier are a network,
    f_t - f_(t-1) = sum of y that start at t - sum of y that ended at t-1, all coefficients 1 and room a bound of f:
    HiGHS needs far less time for it than for the same in x. `ceiling` is worked out anew from the dual prices, so that
    it holds however exactly the solver solved. Raises CommissureError if HiGHS fails.
    """
    count = sum(len(spans.first) for spans in tiers)
    if not count:
        return Solution(np.zeros(0), 0.0, tuple(np.zeros(len(spans.room)) for spans in tiers))
    scale = max(float(spans.sizes.max()) for spans in tiers)
    sizes = np.concatenate([spans.sizes for spans in tiers]) / scale
    values = np.concatenate([spans.values for spans in tiers])
    room = np.concatenate([spans.room for spans in tiers]) / scale
    money = float(values.max()) or 1.0
    points, program = len(room), dict[str, Any](c=np.concatenate((-values / money / sizes, np.zeros(len(room)))))
    if points:
        program["A_eq"], program["b_eq"] = _network(tiers), np.zeros(points)
    if rows is not None:
        nothing = sparse.csr_array((len(rows.limits), points))
        program["A_ub"], program["b_ub"] = sparse.hstack([rows.matrix / sizes, nothing], "csc"), rows.limits
    program["bounds"] = np.column_stack((np.zeros(count + points), np.concatenate((sizes, room))))
    found = linprog(**program, method="highs-ds")
    if found.status != 0:
        raise CommissureError(f"the program of {count} intervals was not solved: {found.message}")
    prices = np.maximum(-np.asarray(found.upper.marginals)[count:], 0.0) * money / scale
    dues = None if rows is None else np.maximum(-np.asarray(found.ineqlin.marginals), 0.0) * money
    per_tier = tuple(np.split(prices, np.cumsum([len(spans.room) for spans in tiers])[:-1]))
    parts = np.clip(np.asarray(found.x)[:count] / sizes, 0.0, 1.0)
    return Solution(parts, _ceiling(tiers, per_tier, rows, dues), per_tier)


def integral(tiers: Sequence[Spans], rows: Rows | None = None, *, time_limit_s: float = 60.0) -> Solution:
    """The optimum of whole intervals, or how far HiGHS came towards it in this time.

    Each point is one knapsack row over the intervals that cross it, of which HiGHS can make cover cuts; it needs far
    less time for that than for the network rows, and for at most some thousands of intervals the matrix is small.
    """
    values = np.concatenate([spans.values for spans in tiers])
    if not len(values):
        return Solution(np.zeros(0), 0.0)
    scale = max(float(spans.sizes.max()) for spans in tiers)
    room = np.concatenate([spans.room for spans in tiers]) / scale
    crossings = sparse.block_diag([_crossings(spans) for spans in tiers], "csr") / scale
    conditions = [LinearConstraint(crossings, -np.inf, room)]
    if rows is not None:
        conditions.append(LinearConstraint(rows.matrix, -np.inf, rows.limits))
    found = milp(
        -values,
        constraints=conditions,
        bounds=Bounds(0, 1),
        integrality=np.ones(len(values), np.int64),
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )
    bound = found.mip_dual_bound
    ceiling = float(values.sum()) if bound is None or not np.isfinite(bound) else -float(bound)
    return Solution(None if found.x is None else np.round(found.x), ceiling)


def _ceiling(tiers: Sequence[Spans], prices: Sequence[Floats], rows: Rows | None, dues: Floats | None) -> float:
    """Weak duality, as in `Spans.ceiling`, where conditions have their dues as points have their prices."""
    let = sum(float(price @ one.room) for one, price in zip(tiers, prices, strict=True))
    profits = np.concatenate([one.profits(price) for one, price in zip(tiers, prices, strict=True)])
    if rows is not None and dues is not None:
        let += float(dues @ rows.limits)
        profits = profits - rows.matrix.T @ dues
    return let + float(np.maximum(profits, 0.0).sum())


def _network(tiers: Sequence[Spans]) -> sparse.csc_array:
    starts_and_ends = sparse.block_diag([_ends(one) for one in tiers])
    steps = sparse.block_diag([_steps(len(one.room)) for one in tiers])
    return sparse.csc_array(sparse.hstack([starts_and_ends, steps]))


def _ends(spans: Spans) -> sparse.csr_array:
    """-1 at the point where an interval starts to take room, 1 at the point after its last."""
    real, points = np.flatnonzero(spans.first <= spans.last), len(spans.room)
    rows = np.concatenate((spans.first[real], spans.last[real] + 1))
    signs = np.repeat((-1.0, 1.0), len(real))
    inside = rows < points
    places = (rows[inside], np.concatenate((real, real))[inside])
    return sparse.csr_array((signs[inside], places), shape=(points, len(spans.first)))


def _steps(points: int) -> sparse.csr_array:
    """f at a point less f at the one before it."""
    here = np.arange(points)
    rows, columns = np.concatenate((here, here[1:])), np.concatenate((here, here[:-1]))
    return sparse.csr_array((np.where(rows == columns, 1.0, -1.0), (rows, columns)), shape=(points, points))


def _crossings(spans: Spans) -> sparse.csr_array:
    """The size of each interval at each point that it crosses."""
    length = np.maximum(spans.last - spans.first + 1, 0)
    interval = np.repeat(np.arange(len(length)), length)
    point = np.arange(len(interval)) - np.repeat(np.cumsum(length) - length, length) + spans.first[interval]
    return sparse.csr_array((spans.sizes[interval], (point, interval)), shape=(len(spans.room), len(length)))
