"""How many of a profile's coefficients a set of calls can tell apart, and what is kept of those that it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from commissure.hal.errors import UsageError

# From here on columns are too nearly the same (Belsley, Kuh and Welsch, Regression Diagnostics, 1980: harm from 30).
MOST_COLLINEAR = 30.0
# Calls that are wanted to fit each coefficient by itself, as `commissure calibrate` wants them, and for some groups.
LEAST_EACH, LEAST_GROUPS = 12, 6

Groups = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Free:
    """What a fit may change: coefficients = kept + basis @ factors. `note` says what could be identified, and why."""

    basis: np.ndarray
    kept: np.ndarray
    note: str

    def coefficients(self, factors: Sequence[float]) -> list[float]:
        """The coefficients that some factors give."""
        return [float(value) for value in self.kept + self.basis @ np.array(factors)]


def free_of(relative: np.ndarray, calls: int, own: Sequence[float], names: Sequence[str], groups: Groups) -> Free:
    """The most that calls can identify: each coefficient, one factor for each of the groups, or one for all.

    `relative` has a row for each time measured of so many calls, divided by it, and a column for each coefficient;
    `own` are the profile's coefficients. Within groups its own ratios are kept. Raises UsageError if nothing is known.
    """
    seen: np.ndarray = (relative != 0.0).any(axis=0)
    absent = [name for name, there in zip(names, seen.tolist(), strict=True) if not there]
    kept = f"; kept as it was, for no call shows it: {', '.join(absent)}" if absent else ""
    each = np.eye(len(own))[:, seen]
    reason = _why_not(relative @ each, calls, LEAST_EACH)
    if not reason:
        return Free(each, np.where(seen, 0.0, own), f"each coefficient was identified by itself{kept}")
    scaled = np.stack([_only(own, places) for places in groups.values()], axis=1)
    if not _why_not(relative @ scaled, calls, LEAST_GROUPS):
        parts = " and one for ".join(groups)
        note = f"{reason}: one factor was identified for {parts}; the profile's own ratios are kept within each"
        return Free(scaled, np.zeros(len(own)), note)
    common = np.array(own)[:, None]
    if not (relative @ common).any():
        raise UsageError("the calls cannot tell the coefficients apart, and the profile has none to scale")
    note = f"{reason}: only a common speed factor was identified; the profile's own ratios are kept"
    return Free(common, np.zeros(len(own)), note)


def _why_not(design: np.ndarray, calls: int, least: int) -> str:
    """Why the columns cannot be told apart; empty if they can."""
    if calls < least:
        return f"too few calls ({calls} to fit, {least} needed)"
    sizes = np.linalg.norm(design, axis=0)
    if not sizes.all():
        return "the profile has no coefficient of one kind"
    values = np.linalg.svd(design / sizes, compute_uv=False)
    if len(values) < design.shape[1] or values[-1] * MOST_COLLINEAR < values[0]:
        return "the calls are too much alike"
    return ""


def _only(own: Sequence[float], places: Sequence[int]) -> np.ndarray:
    column = np.zeros(len(own))
    column[list(places)] = [own[place] for place in places]
    return column
