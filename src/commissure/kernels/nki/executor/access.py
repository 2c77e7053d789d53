"""Reading and writing the numbers behind a view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from commissure.kernels.nki.executor.dtypes import ITEM_BYTES, NUMPY, Array, convert
from commissure.kernels.nki.executor.memory import UNWRITTEN, WRITTEN
from commissure.kernels.nki.executor.view import View
from commissure.kernels.nki.executor.violations import NkiViolation, UninitializedRead


def raw(tensor: View) -> Array:
    """The memory itself, as an array of the view's shape and dtype; written or not."""
    assert tensor.storage.data is not None
    return _over(tensor, tensor.storage.data, NUMPY[tensor.dtype])


def state(tensor: View) -> Array | None:
    """The state of each element's bytes, as unsigned integers of the element's width; None if all are written."""
    if tensor.storage.state is None:
        return None
    return _over(tensor, tensor.storage.state, np.dtype(f"u{ITEM_BYTES[tensor.dtype]}"))


def _over(tensor: View, memory: Array, dtype: np.dtype[np.generic]) -> Array:
    item = dtype.itemsize
    strides = tuple(stride * item for stride in tensor.strides)
    return np.ndarray(tensor.shape, dtype, buffer=memory, offset=tensor.offset * item, strides=strides)


def code(value: int, item: int) -> int:
    """A state in every byte of an element."""
    return int.from_bytes(bytes([value]) * item, "little")


def read(op: str, tensor: View) -> Array:
    """The values, in the view's shape and dtype. Raises UninitializedRead if one was never written."""
    static = resolve(op, tensor)
    known = state(static)
    if known is not None and not known.all():
        where = tuple(int(i) for i in np.argwhere(known == code(UNWRITTEN, 1))[0])
        limit = "it reads memory that was never written"
        fix = "Write it first, by dma_copy, memset or as a destination"
        raise UninitializedRead(op, tensor.name, limit, f"element {where} of {tensor.shape}", fix)
    return raw(static)


def read2d(op: str, tensor: View) -> Array:
    """The values as (partitions, elements per partition)."""
    return read(op, tensor).reshape(tensor.shape[0], -1)


def read_single(op: str, tensor: View) -> Array:
    """The values as float32, as the vector and scalar engines compute: (partitions, elements per partition)."""
    return read2d(op, tensor).astype(np.float32)


def write(op: str, tensor: View, values: Array, how: int = WRITTEN, where: Array | None = None) -> None:
    """Convert the values to the view's dtype and store them, all or `where` true; (partitions, free) or its shape."""
    static = resolve(op, tensor)
    target, known = raw(static), state(static)
    with np.errstate(all="ignore"):
        new = convert(values, tensor.dtype).reshape(tensor.shape)
    mark = code(how, ITEM_BYTES[tensor.dtype])
    if where is None:
        target[...] = new
        if known is not None:
            known[...] = mark
        return
    chosen = where.reshape(tensor.shape)
    target[chosen] = new[chosen]
    if known is not None:
        known[chosen] = mark


def resolve(op: str, tensor: View) -> View:
    """The view with its scalar offset, if it has one, looked up. Raises NkiViolation if it leaves the tensor."""
    dynamic = tensor.dynamic
    if dynamic is None:
        return tensor
    index = int(read(op, dynamic.index)[0, 0])
    found = _shifted(tensor, index)
    if found is None:
        raise _outside(op, tensor, index)
    return found


def rows(op: str, tensor: View, *, skip: bool) -> Iterator[View | None]:
    """Each row of a view with an offset per row, or None where it lies outside and `skip` says to leave it."""
    assert tensor.dynamic is not None
    for index in read(op, tensor.dynamic.index)[:, 0]:
        row = View(tensor.storage, tensor.dtype, (1, *tensor.shape[1:]), tensor.strides, tensor.offset, tensor.dynamic)
        found = _shifted(row, int(index))
        if found is None and not skip:
            raise _outside(op, tensor, int(index))
        yield found


def _shifted(tensor: View, index: int) -> View | None:
    dynamic = tensor.dynamic
    assert dynamic is not None
    offset = tensor.offset + index * dynamic.stride
    size = tensor.partition_stride
    start = offset % size if tensor.on_chip else offset
    skip = 1 if tensor.on_chip else 0
    axes = list(zip(tensor.shape, tensor.strides, strict=True))[skip:]
    last = start + sum((count - 1) * stride for count, stride in axes)
    same_partition = not tensor.on_chip or offset // size == tensor.offset // size
    if not 0 <= index < dynamic.rows or last >= size or not same_partition:
        return None
    return View(tensor.storage, tensor.dtype, tensor.shape, tensor.strides, offset)


def _outside(op: str, tensor: View, index: int) -> NkiViolation:
    dynamic = tensor.dynamic
    assert dynamic is not None
    limit = f"a dynamic index lies within 0..{dynamic.rows - 1}, and its access within the tensor"
    return NkiViolation(op, tensor.name, limit, f"index {index}", "Mask the index, or pass oob_mode=oob_mode.skip")
