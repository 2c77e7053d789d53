"""Misses of a long trace of objects of one size, in machine code by numba (extra `fast`): tens of millions a second."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commissure.hal.errors import MissingExtra, UsageError
from commissure.policies.cache.traces.quick import check

INSTALL = "pip install 'commissure[fast]'"
NAMES = ("belady", "fifo", "lfu", "lru", "mru", "sieve", "topology")
_MOST_USES = 2**31 - 2


def missed(
    name: str, objects: ArrayLike, places: int, *, next_use: ArrayLike | None = None, bypass: bool = False
) -> NDArray[np.int64]:
    """The positions of the misses of a policy: what `quick.missed` gives, of whole numbers from 0 on.

    Memory is taken by the largest number, so that numbers should be dense. A loop is compiled when it is first called,
    which takes about a second; `compile_loop` does it beforehand. Nothing is written to disk. Raises MissingExtra where
    numba is not installed, UsageError as `quick.missed` does, for numbers that are not dense, and for more uses than a
    key has bits for (2**31).
    """
    loops = _loops()
    trace = _integers("objects", objects)
    declared = None if next_use is None else _integers("next_use", next_use)
    check(name, len(trace), places, declared, bypass, NAMES)
    ids = _ids(trace)
    if name in ("belady", "topology"):
        exact = loops.next_uses(trace, ids) if declared is None else declared
        result: NDArray[np.int64] = loops.topology(trace, places, ids, exact, bypass)
    else:
        result = getattr(loops, name)(trace, places, ids)
    return result


def compile_loop(name: str) -> None:
    """Compile a policy's loop, so that later calls take their own time only. Raises as `missed` does."""
    missed(name, np.zeros(1, np.int64), 1)


def _loops() -> ModuleType:
    try:
        return import_module("commissure.policies.cache.traces.loops")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        raise MissingExtra("numba", INSTALL) from None


def _integers(what: str, values: ArrayLike) -> NDArray[np.int64]:
    """As an array of one dimension without gaps, which is what the loops are compiled for."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise UsageError(f"{what} must be whole numbers in a row, not {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array, np.int64)


def _ids(trace: NDArray[np.int64]) -> int:
    """How many numbers the objects have: one more than the largest."""
    if not len(trace):
        return 0
    smallest, largest = int(trace.min()), int(trace.max())
    if smallest < 0 or largest > 4 * len(trace) + 2**20:
        raise UsageError(
            f"objects are numbered {smallest} .. {largest}, not dense for {len(trace)} uses: number them anew, "
            "numpy.unique(objects, return_inverse=True)[1]"
        )
    if len(trace) > _MOST_USES:
        raise UsageError(f"a trace has at most {_MOST_USES} uses here, not {len(trace)}")
    return largest + 1
