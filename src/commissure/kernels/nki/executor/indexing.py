"""What `tensor[...]` means: NumPy's basic indexing, except that on the chip the partition axis stays."""

from __future__ import annotations

from typing import Any

from commissure.kernels.nki.executor.view import View

WHOLE = slice(None)


def sliced(tensor: View, key: Any) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Shape, strides and additional offset, in elements. Raises NkiViolation."""
    axes = [_axis(tensor, axis, part) for axis, part in enumerate(_full_key(tensor, key))]
    offset = sum(start for start, _, _ in axes)
    keep = [(count, stride) for _, count, stride in axes if count is not None]
    least = 2 if tensor.on_chip else 1
    if len(keep) < least:
        # The last axis stays at size 1 rather than that the view loses its rank.
        keep.append((1, 1))
    return tuple(count for count, _ in keep), tuple(stride for _, stride in keep), offset


def _full_key(tensor: View, key: Any) -> list[Any]:
    parts = list(key) if isinstance(key, tuple) else [key]
    named = len([part for part in parts if part is not Ellipsis])
    if named > tensor.ndim or len(parts) - named > 1:
        tensor.refuse("indexing", f"it has {tensor.ndim} axes", f"{named} indices", "Give one index per axis")
    missing = [slice(None)] * (tensor.ndim - named)
    if Ellipsis not in parts:
        return [*parts, *missing]
    at = parts.index(Ellipsis)
    return [*parts[:at], *missing, *parts[at + 1 :]]


def _axis(tensor: View, axis: int, part: Any) -> tuple[int, int | None, int]:
    """Offset, count (None where the axis goes) and stride of one axis under one index."""
    size, stride = tensor.shape[axis], tensor.strides[axis]
    partition = tensor.on_chip and axis == 0
    if isinstance(part, slice):
        if part == WHOLE:
            return 0, size, stride
        start, stop, step = _bounds(tensor, axis, part)
        if partition and step != 1:
            limit = "the partition axis has no stride"
            tensor.refuse("indexing", limit, f"step {step}", "Take partitions in a row")
        return start * stride, -(-(stop - start) // step), stride * step
    if not isinstance(part, int):
        given = type(part).__name__
        fix = "Use .ap(..., scalar_offset= or vector_offset=) for an index that a tensor holds"
        tensor.refuse("indexing", "indices are integers, slices, nl.ds and ...", given, fix)
    index = part + size if part < 0 else part
    if not 0 <= index < size:
        tensor.refuse("indexing", f"axis {axis} has {size} elements", f"index {part}", "Stay within the tensor")
    return index * stride, 1 if partition else None, stride


def _bounds(tensor: View, axis: int, part: slice) -> tuple[int, int, int]:
    size = tensor.shape[axis]
    start = 0 if part.start is None else part.start
    stop = size if part.stop is None else part.stop
    step = 1 if part.step is None else part.step
    start, stop = (edge + size if edge < 0 else edge for edge in (start, stop))
    if not 0 <= start < stop <= size or step < 1:
        limit = f"axis {axis} has {size} elements, and a slice takes some of them forwards"
        given = f"{part.start}:{part.stop}:{part.step}"
        tensor.refuse("indexing", limit, given, "Cut the last tile to what is left")
    return start, stop, step
