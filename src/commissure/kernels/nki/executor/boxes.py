"""Where a view lies in its memory, and whether it is dense."""

from __future__ import annotations

from commissure.kernels.nki.executor.dtypes import ITEM_BYTES
from commissure.kernels.nki.executor.view import View
from commissure.kernels.nki.trace import Operand


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a dense array."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * shape[axis]
    return tuple(strides)


def dense(tensor: View) -> bool:
    """Whether the view is dense and row-major; on the chip, within each partition."""
    run = 1
    for axis in range(len(tensor.shape) - 1, 0 if tensor.on_chip else -1, -1):
        count = tensor.shape[axis]
        if count != 1 and tensor.strides[axis] != run:
            return False
        run *= count
    return True


def box(tensor: View) -> Operand:
    """The view as the trace tells it; the box of a dynamic one is the whole tensor."""
    storage, item = tensor.storage, ITEM_BYTES[tensor.dtype]
    low, high = (0, 0), (storage.partitions, storage.free_bytes)
    if tensor.dynamic is None:
        first, start, rows = 0, tensor.offset, 1
        if tensor.on_chip:
            first, start = divmod(tensor.offset, tensor.partition_stride)
            rows = tensor.shape[0]
        span = 1
        for axis in range(1 if tensor.on_chip else 0, len(tensor.shape)):
            span += (tensor.shape[axis] - 1) * tensor.strides[axis]
        low, high = (first, start * item), (first + rows, (start + span) * item)
    kind, name = storage.space, storage.name
    return Operand(storage.index, name, kind, tensor.dtype, tensor.shape[0], tensor.free, low, high, dense(tensor))
