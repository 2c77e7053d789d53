"""A known sequence of uses: which object is used when, how much room each takes, what a miss of it costs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Uses:
    """`objects[t]` is the object of use t, from 0 to n - 1; `sizes` and `costs` are of the n objects.

    Sizes are in the unit of the cache's capacity; a cost is what one miss of the object costs, in any one unit.
    Raises UsageError for objects out of range, for sizes that are not above 0, costs that are below 0, or either not
    finite.
    """

    objects: Ints
    sizes: Floats
    costs: Floats

    def __post_init__(self) -> None:
        objects, count = self.objects, len(self.sizes)
        if objects.ndim != 1 or objects.dtype != np.int64:
            raise UsageError(f"objects are one row of int64, not {objects.ndim} dimensions of {objects.dtype}")
        if len(objects) and not 0 <= objects.min() <= objects.max() < count:
            raise UsageError(f"objects go from {objects.min()} to {objects.max()}; sizes are those of 0..{count - 1}")
        if len(self.costs) != count:
            raise UsageError(f"there are {count} sizes but {len(self.costs)} costs: give one of each per object")
        _demand("size", self.sizes, np.isfinite(self.sizes) & (self.sizes > 0), "above 0 and finite")
        _demand("cost", self.costs, np.isfinite(self.costs) & (self.costs >= 0), "0 or more and finite")

    @classmethod
    def of(
        cls,
        keys: Sequence[Hashable] | npt.NDArray[Any],
        sizes: Mapping[Any, float] | None = None,
        costs: Mapping[Any, float] | None = None,
    ) -> Uses:
        """The uses of these keys in this order; what a mapping is not given for is 1.

        Raises UsageError for a key that a given mapping lacks, and as the record itself does.
        """
        if isinstance(keys, np.ndarray):
            distinct, inverse = np.unique(keys, return_inverse=True)
            names, objects = distinct.tolist(), inverse.astype(np.int64)
        else:
            numbers: dict[Hashable, int] = {}
            objects = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
            names = list(numbers)
        return cls(objects, _by_object("size", sizes, names), _by_object("cost", costs, names))

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def alike(self) -> bool:
        """Whether all objects have one size and one cost, so that only misses count."""
        return bool(len(self) == 0 or (np.ptp(self.sizes) == 0 and np.ptp(self.costs) == 0))

    @property
    def cost_without_cache(self) -> float:
        """The cost of missing every use."""
        return float(self.costs[self.objects].sum())

    def intervals(self) -> tuple[Ints, Ints]:
        """The reuse intervals (a_j, b_j), consecutive uses of one object, in the order of a_j."""
        following = next_use(self.objects)
        starts = np.flatnonzero(following < len(following))
        return starts, following[starts]


def next_use(objects: Ints) -> Ints:
    """For each position the position of the same object's next use; the length of the sequence after its last."""
    order = np.argsort(objects, kind="stable")
    again = objects[order[1:]] == objects[order[:-1]]
    following = np.full(len(objects), len(objects), np.int64)
    following[order[:-1][again]] = order[1:][again]
    return following


def _by_object(what: str, given: Mapping[Any, float] | None, names: list[Any]) -> Floats:
    if given is None:
        return np.ones(len(names))
    lacking = next((name for name in names if name not in given), None)
    if lacking is not None:
        raise UsageError(f"{lacking!r} is used but has no {what}; give one for every key, or none at all")
    return np.array([given[name] for name in names], np.float64)


def _demand(what: str, values: Floats, right: npt.NDArray[np.bool_], allowed: str) -> None:
    if not right.all():
        wrong = int(np.argmin(right))
        raise UsageError(f"object {wrong} has {what} {values[wrong]:g}; a {what} is {allowed}")
