"""Access patterns: `tensor.ap(pattern=[[step, count], ...], ...)` as nki-aps.rst tells them."""

from __future__ import annotations

from math import prod
from typing import Any

from commissure.kernels.nki.executor.dtypes import INTEGERS, name_of
from commissure.kernels.nki.executor.view import DynamicOffset, View

Pairs = list[tuple[int, int]]


def patterned(
    tensor: View,
    pattern: Any,
    offset: int | None,
    scalar_offset: View | None,
    vector_offset: View | None,
    indirect_dim: int,
    dtype: str | None,
) -> View:
    """The view that the pattern describes. Raises NkiViolation."""
    whole = tensor.offset == 0 and tensor.size == tensor.storage.partitions * tensor.partition_stride
    if not whole or tensor.dynamic is not None:
        limit = ".ap addresses the whole tensor, whatever view it is called on"
        tensor.refuse("ap", limit, f"a view {tensor.shape}", "Call .ap on the tensor itself, with an offset")
    pairs: Pairs = [(int(step), int(count)) for step, count in pattern]
    if not pairs or any(count < 1 or step < 0 for step, count in pairs):
        tensor.refuse("ap", "a pattern is [[step >= 0, count >= 1], ...]", str(pattern), "Give one pair per axis")
    dynamic = _dynamic(tensor, scalar_offset, vector_offset, indirect_dim, pairs)
    shape = tuple(count for _, count in pairs)
    strides = tuple(step for step, _ in pairs)
    chosen = name_of(dtype) if dtype is not None else tensor.dtype
    view = View(tensor.storage, chosen, shape, strides, offset or 0, dynamic)
    if view.on_chip:
        _check_on_chip(view)
    elif dynamic is None:
        _check_end(view, view.offset, pairs, view.partition_stride)
    return view


def _check_on_chip(view: View) -> None:
    step = view.partition_stride
    if len(view.shape) < 2 or (view.strides[0] != step and view.shape[0] > 1):
        limit = f"the first pair is [elements per partition, partitions], here [{step}, ...], and a second one follows"
        view.refuse("ap", limit, str(view.get_pattern()), "Partitions have no stride: take them in a row")
    if view.start_partition + view.shape[0] > view.storage.partitions:
        limit = f"the tensor has {view.storage.partitions} partitions"
        view.refuse("ap", limit, f"{view.shape[0]} from {view.start_partition} on", "Stay within the tensor")
    free = list(zip(view.strides, view.shape, strict=True))[1:]
    if view.dynamic is None:
        _check_end(view, view.offset % step, free, step)


def _check_end(view: View, start: int, pairs: Pairs, size: int) -> None:
    last = start + sum(step * (count - 1) for step, count in pairs)
    if start < 0 or last >= size:
        where = "a partition" if view.on_chip else "the tensor"
        view.refuse("ap", f"{where} holds {size} elements", f"elements {start} to {last}", "Stay within the tensor")


def _dynamic(tensor: View, scalar: View | None, vector: View | None, axis: int, pairs: Pairs) -> DynamicOffset | None:
    if scalar is None and vector is None:
        return None
    if scalar is not None and vector is not None:
        tensor.refuse("ap", "at most one dynamic offset", "scalar_offset and vector_offset", "Give one of them")
    index = scalar if scalar is not None else vector
    assert index is not None
    expected = (1, 1) if vector is None else (pairs[0][1], 1)
    if not isinstance(index, View) or index.storage.space != "sbuf" or index.shape != expected:
        limit = f"a dynamic offset is an SBUF tensor of shape {expected}"
        tensor.refuse("ap", limit, repr(index), "Copy the index to such a tile")
    if index.dtype not in INTEGERS:
        tensor.refuse("ap", "a dynamic offset is an integer", index.dtype, "Use int32 or uint32")
    if vector is not None and (tensor.on_chip or axis != 0):
        limit = "vector_offset gathers rows of an HBM tensor (indirect_dim=0)"
        given = f"{tensor.storage.space}, indirect_dim={axis}"
        tensor.refuse("ap", limit, given, "Use nc_n_gather or local_gather within SBUF")
    least = 1 if tensor.on_chip else 0
    if not least <= axis < tensor.ndim:
        limit = f"indirect_dim is an axis from {least} to {tensor.ndim - 1}"
        tensor.refuse("ap", limit, str(axis), "Choose another axis")
    return DynamicOffset(index, prod(tensor.shape[axis + 1 :]), tensor.shape[axis], vector is not None)
