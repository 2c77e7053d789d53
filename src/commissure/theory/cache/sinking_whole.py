"""The integer program of intervals that sink through tiers, by the height of each at each point."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from commissure.theory.cache.sinking import Sinking
from commissure.theory.cache.spans import Mask
from commissure.theory.cache.uses import Floats


def whole(sinking: Sinking, *, time_limit_s: float = 60.0) -> tuple[float, Mask]:
    """What no paths exceed, and a schedule: the optimum, or how far HiGHS came towards it in this time.

    Heights: for each tier but the last and each cell whether the interval is in that tier or above it; then for each
    interval whether it is anywhere, all along: what is lost on the way might as well never have been kept.
    """
    tiers, cells = len(sinking.room), len(sinking.interval)
    if not len(sinking.lengths):
        return 0.0, np.zeros(0, np.bool_)
    gains = _gains(sinking)
    room, order = _rows(sinking)
    found: Any = milp(
        -gains,
        constraints=[LinearConstraint(room, -np.inf, sinking.room.ravel()), LinearConstraint(order, -np.inf, 0.0)],
        bounds=Bounds(0, 1),
        integrality=np.ones(len(gains), np.int64),
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )
    bound = found.mip_dual_bound
    every = float(sinking.values.max(axis=0).sum())
    ceiling = every if bound is None or not np.isfinite(bound) else -float(bound)
    heights = np.zeros(len(gains)) if found.x is None else np.round(found.x)
    above, anywhere = heights[: (tiers - 1) * cells].reshape(tiers - 1, cells), heights[(tiers - 1) * cells :]
    return ceiling, sinking.rounded(anywhere, (above < 0.5).sum(axis=0))


def _gains(sinking: Sinking) -> Floats:
    """What each height saves: one tier higher at the end, what that saves above the tier below."""
    tiers, cells = len(sinking.room), len(sinking.interval)
    waits = sinking.lengths > 0
    last = (sinking.starts + sinking.lengths - 1)[waits]
    gains = np.zeros((tiers - 1) * cells + len(waits))
    for tier, more in enumerate(sinking.values[:-1] - sinking.values[1:]):
        gains[tier * cells + last] = more[waits]
    gains[(tiers - 1) * cells :] = np.where(waits, sinking.values[-1], sinking.values[0])
    return gains


def _rows(sinking: Sinking) -> tuple[sparse.csr_array, sparse.csr_array]:
    """What is taken by tier and point, and what must not be above 0: heights fall along a path and rise by tier."""
    tiers, cells, every = len(sinking.room), len(sinking.interval), np.arange(len(sinking.interval))
    above = sparse.eye_array(cells * (tiers - 1), format="csr")
    anywhere = sparse.csr_array((np.ones(cells), (every, sinking.interval)), (cells, len(sinking.lengths)))
    heights = sparse.block_diag([above, anywhere], "csr")
    by_tier = [heights[tier * cells : (tier + 1) * cells] for tier in range(tiers)]
    inside = [by_tier[0], *(here - higher for higher, here in pairwise(by_tier))]
    sizes = sinking.spans.sizes[sinking.interval]
    taken = sparse.csr_array((sizes, (sinking.point, every)), (sinking.room.shape[1], cells))
    on = every[sinking.point < sinking.spans.last[sinking.interval]]
    order = [one[on + 1] - one[on] for one in by_tier[:-1]] + [-one for one in inside[1:]]
    order += [one[~fit] for one, fit in zip(inside, sinking.fits, strict=True)]
    return sparse.vstack([taken @ one for one in inside], "csr"), sparse.vstack(order, "csr")
