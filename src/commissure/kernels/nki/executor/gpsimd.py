"""GpSimd: affine patterns in exact 32-bit integers, and gathers."""

from __future__ import annotations

from typing import Any

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import Array
from commissure.kernels.nki.executor.issue import issue, of_dtype, same_extent
from commissure.kernels.nki.executor.operators import BY_NAME, Operator
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation

MAX_PATTERN = 4
CORE_PARTITIONS = 16
ELEMENTS_PER_INDEX = (1, 2, 4, 8, 16, 32)
MAX_INDICES = 4096
COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")


def iota(dst: NkiTensor, pattern: Any, offset: int = 0, channel_multiplier: int = 0, name: str | None = None) -> None:
    """`offset + partition * channel_multiplier + pattern`, in int32, then as `dst` has it. Raises NkiViolation."""
    me = "iota"
    machine = issue(me, "gpsimd", {"dst": dst}, {})
    _check_pattern(me, dst, pattern)
    if machine.numeric:
        access.write(me, dst, _affine(dst, pattern, offset, channel_multiplier))


def _check_pattern(me: str, dst: NkiTensor, pattern: Any) -> None:
    count = int(np.prod([pair[1] for pair in pattern]))
    if not 1 <= len(pattern) <= MAX_PATTERN or count != dst.free:
        limit = f"the pattern has up to {MAX_PATTERN} pairs [step, count] for dst's {dst.free} elements per partition"
        raise NkiViolation(me, dst.name, limit, str(pattern), "Make the counts' product that number")


def _affine(dst: NkiTensor, pattern: Any, offset: int, channel_multiplier: int) -> Array:
    values = np.zeros((1,), np.int64)
    for step, count in pattern:
        values = (values[:, None] + np.arange(count, dtype=np.int64) * step).reshape(-1)
    channel = np.arange(dst.shape[0], dtype=np.int64)[:, None] * channel_multiplier
    return (offset + channel + values).astype(np.int32)


def affine_select(
    dst: NkiTensor,
    pattern: Any,
    channel_multiplier: int,
    on_true_tile: NkiTensor,
    on_false_value: float,
    cmp_op: Operator = BY_NAME["equal"],
    offset: int = 0,
    name: str | None = None,
) -> None:
    """`on_true_tile` where the affine value compares true with 0, else `on_false_value`. Raises NkiViolation."""
    me = "affine_select"
    machine = issue(me, "gpsimd", {"dst": dst}, {"on_true_tile": on_true_tile})
    _check_pattern(me, dst, pattern)
    same_extent(me, dst, on_true_tile=on_true_tile)
    if getattr(cmp_op, "name", "") not in COMPARISONS:
        raise NkiViolation(me, "", f"cmp_op is one of {', '.join(COMPARISONS)}", repr(cmp_op), "Choose one")
    if machine.numeric:
        assert cmp_op.binary is not None
        chosen = cmp_op.binary(_affine(dst, pattern, offset, channel_multiplier), np.asarray(0, np.int32)) != 0
        values = access.read2d(me, on_true_tile)
        access.write(me, dst, np.full(chosen.shape, on_false_value, np.float32))
        access.write(me, dst, values, where=chosen)


def nc_n_gather(dst: NkiTensor, data: NkiTensor, indices: NkiTensor, name: str | None = None) -> None:
    """`dst[p, i] = data[p, indices[p, i]]`, free axes taken as one. Raises NkiViolation."""
    me = "nc_n_gather"
    machine = issue(me, "gpsimd", {"dst": dst}, {"data": data, "indices": indices})
    of_dtype(me, "indices", indices, ("uint32",))
    of_dtype(me, "dst", dst, (data.dtype,))
    same_extent(me, dst, indices=indices)
    if data.shape[0] != dst.shape[0]:
        limit = f"data has dst's {dst.shape[0]} partitions"
        raise NkiViolation(me, data.name, limit, str(data.shape[0]), "Slice both alike")
    if machine.numeric:
        values = access.read2d(me, data)
        where = access.read2d(me, indices).astype(np.int64)
        _check_indices(me, indices, where, values.shape[1])
        access.write(me, dst, np.take_along_axis(values, where, axis=1))


def _check_indices(me: str, indices: NkiTensor, where: Array, size: int) -> None:
    if where.size and int(where.max()) >= size:
        limit = f"an index lies within 0..{size - 1}"
        raise NkiViolation(me, indices.name, limit, str(int(where.max())), "Clip the indices first")


def local_gather(
    dst: NkiTensor,
    src_buffer: NkiTensor,
    index: NkiTensor,
    num_elem_per_idx: int = 1,
    num_valid_indices: int | None = None,
    name: str | None = None,
) -> None:
    """Each core of 16 partitions gathers elements by its own list of indices, read partition first.

    All 16 partitions take the same places; an index is the first of `num_elem_per_idx` elements. Raises NkiViolation.
    """
    me = "local_gather"
    per_core = CORE_PARTITIONS * getattr(index, "free", 0)
    valid = per_core if num_valid_indices is None else num_valid_indices
    facts: dict[str, Any] = {"num_elem_per_idx": num_elem_per_idx, "num_valid_indices": valid}
    machine = issue(me, "gpsimd", {"dst": dst}, {"src_buffer": src_buffer, "index": index}, **facts)
    of_dtype(me, "index", index, ("uint16",))
    of_dtype(me, "dst", dst, (src_buffer.dtype,))
    _check_gather(dst, src_buffer, index, num_elem_per_idx, valid)
    if not machine.numeric:
        return
    source, where = access.read2d(me, src_buffer), access.read2d(me, index).astype(np.int64)
    result = np.empty((dst.shape[0], dst.free), source.dtype)
    for low in range(0, dst.shape[0], CORE_PARTITIONS):
        core = slice(low, low + CORE_PARTITIONS)
        starts = where[core].T.reshape(-1)[:valid]
        places = (starts[:, None] + np.arange(num_elem_per_idx)).reshape(-1)
        _check_indices(me, index, places, source.shape[1])
        result[core] = source[core][:, places]
    access.write(me, dst, result)


def _check_gather(dst: NkiTensor, source: NkiTensor, index: NkiTensor, elements: int, valid: int) -> None:
    me = "local_gather"
    if source.shape[0] != index.shape[0] or source.shape[0] % CORE_PARTITIONS:
        limit = f"source and index have the same partitions, a multiple of {CORE_PARTITIONS}"
        given = f"{source.shape[0]} and {index.shape[0]}"
        raise NkiViolation(me, index.name, limit, given, "Repeat the index for each group of 16")
    if elements not in ELEMENTS_PER_INDEX:
        limit = f"num_elem_per_idx is one of {ELEMENTS_PER_INDEX}"
        raise NkiViolation(me, "", limit, str(elements), "Choose one of these")
    if not 0 < valid <= min(MAX_INDICES, CORE_PARTITIONS * index.free):
        limit = f"a core takes at most {MAX_INDICES} indices, and no more than it is given"
        raise NkiViolation(me, index.name, limit, str(valid), "Gather in several calls")
    if (dst.shape[0], dst.free) != (source.shape[0], valid * elements):
        limit = f"dst is {source.shape[0]} x {valid * elements}"
        raise NkiViolation(me, dst.name, limit, f"{dst.shape[0]} x {dst.free}", "Size dst by the indices")
