"""dma_copy: between HBM and SBUF, within either, and by rows that an index in SBUF names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import ITEM_BYTES
from commissure.kernels.nki.executor.enums import dge_mode as dge_modes
from commissure.kernels.nki.executor.enums import engine as engines
from commissure.kernels.nki.executor.enums import oob_mode as oob_modes
from commissure.kernels.nki.executor.issue import issue
from commissure.kernels.nki.executor.machine import Machine
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.view import View
from commissure.kernels.nki.executor.violations import NkiViolation

OP = "dma_copy"


def dma_copy(
    dst: NkiTensor,
    src: NkiTensor,
    oob_mode: oob_modes = oob_modes.error,
    dge_mode: dge_modes = dge_modes.unknown,
    engine: engines = engines.unknown,
    name: str | None = None,
) -> None:
    """Copy `src` to `dst`, converting through float32 if the dtypes differ. Raises NkiViolation.

    Facts: `bytes` moved (the wider side), `run_bytes` of the shortest dense run on either side, `indirect`.
    """
    facts: dict[str, Any] = {}
    if isinstance(dst, NkiTensor) and isinstance(src, NkiTensor):
        widest = max(ITEM_BYTES[dst.dtype], ITEM_BYTES[src.dtype])
        facts = {"bytes": dst.size * widest, "run_bytes": min(run_bytes(dst), run_bytes(src))}
    machine = issue(OP, "dma", {"dst": dst}, {"src": src}, **facts)
    if dst.size != src.size:
        limit = f"src has as many elements as dst, {dst.size}"
        raise NkiViolation(OP, src.name, limit, f"{src.size} in {src.shape}", "Slice both alike")
    _check_modes(machine, dst, src, dge_mode, oob_mode)
    if machine.numeric:
        _move(dst, src, skip=oob_mode is oob_modes.skip)


def run_bytes(tensor: NkiTensor) -> int:
    """Bytes of the longest dense run that all of the view is made of; rows by index are runs of their own."""
    run = 1
    first = 1 if tensor.on_chip or tensor.dynamic is not None else 0
    for axis in range(tensor.ndim - 1, first - 1, -1):
        if tensor.strides[axis] != run and tensor.shape[axis] != 1:
            break
        run *= tensor.shape[axis]
    return run * ITEM_BYTES[tensor.dtype]


def _check_modes(machine: Machine, dst: NkiTensor, src: NkiTensor, dge: Any, oob: Any) -> None:
    for given, kind in ((dge, dge_modes), (oob, oob_modes)):
        if not isinstance(given, kind):
            limit = f"it takes a member of nisa.{kind.__name__}"
            raise NkiViolation(OP, "", limit, repr(given), f"Write nisa.{kind.__name__}.{next(iter(kind)).name}")
    if dge is dge_modes.hwdge and machine.target.core < 3:
        limit = "hardware descriptors are made from NeuronCore-v3 on"
        raise NkiViolation(OP, "", limit, machine.target.name, "Leave dge_mode out")
    if dge is dge_modes.hwdge and dst.dtype != src.dtype:
        limit = "hardware descriptors move bytes: both sides have one dtype"
        raise NkiViolation(OP, dst.name, limit, f"{src.dtype} to {dst.dtype}", "Leave dge_mode out, or .view one side")
    vector = any(t.dynamic is not None and t.dynamic.per_partition for t in (dst, src))
    if vector and dge not in (dge_modes.unknown, dge_modes.swdge):
        limit = "rows by vector_offset need software descriptors"
        raise NkiViolation(OP, "", limit, dge.name, "Leave dge_mode out, or pass nisa.dge_mode.swdge")


def _move(dst: NkiTensor, src: NkiTensor, *, skip: bool) -> None:
    by_row = [tensor for tensor in (dst, src) if tensor.dynamic is not None and tensor.dynamic.per_partition]
    if not by_row:
        access.write(OP, dst, access.read(OP, src).reshape(dst.shape))
        return
    for to, source in zip(_rows(dst, by_row[0], skip=skip), _rows(src, by_row[0], skip=skip), strict=True):
        if to is not None and source is not None:
            access.write(OP, to, access.read(OP, source).reshape(to.shape))


def _rows(tensor: NkiTensor, indexed: NkiTensor, *, skip: bool) -> Iterator[View | None]:
    """The rows of one side, in the order of the index of `indexed`."""
    if tensor.dynamic is not None and tensor.dynamic.per_partition:
        return access.rows(OP, tensor, skip=skip)
    return (_row(tensor, at, indexed.shape[0]) for at in range(indexed.shape[0]))


def _row(tensor: NkiTensor, at: int, count: int) -> NkiTensor:
    if tensor.shape[0] != count:
        limit = f"its first axis has one entry per index, {count}"
        raise NkiViolation(OP, tensor.name, limit, str(tensor.shape), "Give it the index's number of rows")
    return tensor[at : at + 1]
