"""Instructions of the vector engine that handle eight values of a row at once."""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import ITEM_BYTES, Array
from commissure.kernels.nki.executor.issue import issue, of_dtype, same_extent
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation

LEAST, MOST = 8, 16_384
EIGHT = 8


def max8(dst: NkiTensor, src: NkiTensor, name: str | None = None) -> None:
    """The 8 largest of each row, in descending order. Raises NkiViolation."""
    me = "max8"
    machine = issue(me, "vector", {"dst": dst}, {"src": src})
    _check_row(me, src, LEAST)
    _check_eight(me, "dst", dst, src.shape[0])
    if machine.numeric:
        values = access.read_single(me, src)
        access.write(me, dst, -np.sort(-values, axis=1)[:, :EIGHT])


def nc_find_index8(dst: NkiTensor, data: NkiTensor, vals: NkiTensor, name: str | None = None) -> None:
    """Where each of 8 values stands first in its row; equal ones take successive places. Raises NkiViolation.

    A value that is not there gives all ones (nki.isa documentation, and the fixes of NKI 0.6.0).
    """
    me = "nc_find_index8"
    machine = issue(me, "vector", {"dst": dst}, {"data": data, "vals": vals})
    _check_row(me, data, LEAST)
    _check_eight(me, "dst", dst, data.shape[0])
    _check_eight(me, "vals", vals, data.shape[0])
    of_dtype(me, "dst", dst, ("uint16", "uint32"))
    if machine.numeric:
        places = _places(access.read_single(me, data), access.read_single(me, vals), range(EIGHT))
        access.write(me, dst, _as_index(places, dst.dtype))


def nc_match_replace8(
    dst: NkiTensor,
    data: NkiTensor,
    vals: NkiTensor,
    imm: float,
    dst_idx: NkiTensor | None = None,
    name: str | None = None,
) -> None:
    """`data` with the first place of each of 8 values replaced by `imm`. Raises NkiViolation.

    Values are taken from the last to the first, so that equal ones take successive places in that order; `dst_idx` gets
    the places.
    """
    me = "nc_match_replace8"
    machine = issue(me, "vector", {"dst": dst, "dst_idx": dst_idx}, {"data": data, "vals": vals})
    _check_row(me, data, 1)
    _check_eight(me, "vals", vals, data.shape[0])
    same_extent(me, dst, data=data)
    if dst_idx is not None:
        _check_eight(me, "dst_idx", dst_idx, data.shape[0])
        of_dtype(me, "dst_idx", dst_idx, ("uint16", "uint32"))
    if not machine.numeric:
        return
    values = access.read_single(me, data)
    places = _places(values, access.read_single(me, vals), range(EIGHT - 1, -1, -1))
    row, slot = np.nonzero(places >= 0)
    values[row, places[row, slot]] = np.float32(imm)
    access.write(me, dst, values)
    if dst_idx is not None:
        access.write(me, dst_idx, _as_index(places, dst_idx.dtype))


def _places(values: Array, sought: Array, order: range) -> Array:
    """The place of each of 8 values, taken in that order, each place once; -1 if there is none (left)."""
    places = np.full((values.shape[0], EIGHT), -1, np.int64)
    taken = np.zeros(values.shape, bool)
    rows = np.arange(values.shape[0])
    for slot in order:
        equal = (values == sought[:, slot : slot + 1]) & ~taken
        found = equal.any(axis=1)
        place = equal.argmax(axis=1)
        places[found, slot] = place[found]
        taken[rows[found], place[found]] = True
    return places


def _as_index(places: Array, dtype: str) -> Array:
    return places.astype(f"u{ITEM_BYTES[dtype]}")


def _check_row(me: str, tensor: NkiTensor, least: int) -> None:
    if not least <= tensor.free <= MOST:
        limit = f"a row has from {least} to {MOST} elements"
        raise NkiViolation(me, tensor.name, limit, str(tensor.free), "Take it in chunks, or pad it with a low value")


def _check_eight(me: str, role: str, tensor: NkiTensor, partitions: int) -> None:
    if (tensor.shape[0], tensor.free) != (partitions, EIGHT):
        limit = f"{role} is [{partitions}, 8]"
        raise NkiViolation(me, tensor.name, limit, str(tensor.shape), "Give it eight elements per partition")
