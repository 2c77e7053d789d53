"""Pareto fronts: which rows no other beats, and how much of what is possible they cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from commissure.scenarios.sweep.aims import Aim
from commissure.scenarios.sweep.row import Row

# Beyond so many measures the volume takes more than quadratic time in the rows (moocore's documentation).
MOST_MEASURES = 4


def front(rows: Sequence[Row], aims: Sequence[Aim]) -> list[Row]:
    """The rows that have every measure and that no row beats: as good in all means, and better in one.

    Equal rows are in it together. Means are compared, not intervals.
    """
    able = [row for row in rows if _has(row, aims)]
    if not (able and aims):
        return []
    import moocore

    kept = moocore.is_nondominated(_gains(able, aims), maximise=True, keep_weakly=True)
    return [row for row, keep in zip(able, kept, strict=True) if keep]


def hypervolume(rows: Sequence[Row], aims: Sequence[Aim]) -> float | None:
    """The share, 0 to 1, of the box between the worst and the best of each measure that is beaten by some row.

    Measures that are the same in all rows are left out; None where none is left, or more than `MOST_MEASURES`. Zitzler
    and Thiele (1998), relative to the worst of each measure over all rows.
    """
    able = [row for row in rows if _has(row, aims)]
    if not (able and aims):
        return None
    gains = _gains(able, aims)
    worst, best = gains.min(axis=0), gains.max(axis=0)
    differs = best > worst
    if not 1 <= differs.sum() <= MOST_MEASURES:
        return None
    import moocore

    scaled = (gains - worst)[:, differs] / (best - worst)[differs]
    return float(moocore.hypervolume(scaled, ref=np.zeros(int(differs.sum())), maximise=True))


def _has(row: Row, aims: Sequence[Aim]) -> bool:
    return row.failed is None and all(aim.name in row.measures for aim in aims)


def _gains(rows: Sequence[Row], aims: Sequence[Aim]) -> npt.NDArray[np.float64]:
    """(rows, aims), with more being better in each."""
    signs = [1.0 if aim.maximise else -1.0 for aim in aims]
    means = [[row.measures[aim.name].mean for aim in aims] for row in rows]
    gains: npt.NDArray[np.float64] = np.array(means, dtype=float) * np.array(signs)
    return gains
