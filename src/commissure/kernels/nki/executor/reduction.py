"""Reductions and scans along the rows, by the vector engine."""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import NUMPY, Array
from commissure.kernels.nki.executor.issue import column, issue, one_in_psum, same_extent
from commissure.kernels.nki.executor.operands import Operand, apply, check_bits, named
from commissure.kernels.nki.executor.operators import Operator
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.vector import arithmetic
from commissure.kernels.nki.executor.violations import NkiViolation


def tensor_reduce(
    dst: NkiTensor,
    op: Operator,
    data: NkiTensor,
    axis: int | tuple[int, ...],
    negate: bool = False,
    keepdims: bool = False,
    name: str | None = None,
) -> None:
    """Reduce the last free axes of `data`. Raises NkiViolation."""
    me = "tensor_reduce"
    machine = issue(me, "vector", {"dst": dst}, {"data": data}, **named(me, alu=op))
    bits = check_bits(me, op, dst, data)
    axes = sorted(a + data.ndim if a < 0 else a for a in ((axis,) if isinstance(axis, int) else axis))
    if not axes or axes[0] < 1 or axes != list(range(axes[0], data.ndim)):
        limit = "axis names the last free axes in a row, never axis 0"
        raise NkiViolation(me, data.name, limit, str(axis), "Use nc_transpose to reduce across partitions")
    if op.reduce is None:
        raise NkiViolation(me, "", "not every operator reduces", repr(op), "Use add, maximum, minimum, multiply ...")
    if bits and negate:
        raise NkiViolation(me, "", "negate is for arithmetic operators", repr(op), "Leave it out")
    left = data.shape[: axes[0]]
    if (dst.shape[0], dst.size) != (left[0], int(np.prod(left))):
        limit = f"dst has {left} elements"
        raise NkiViolation(me, dst.name, limit, str(dst.shape), "Give it what is left of data")
    if machine.numeric:
        values = access.read(me, data).reshape(int(np.prod(left)), -1)
        access.write(me, dst, _reduced(op, values, dst, bits=bits, negate=negate))


def _reduced(op: Operator, values: Array, dst: NkiTensor, *, bits: bool, negate: bool) -> Array:
    assert op.reduce is not None
    with np.errstate(all="ignore"):
        if bits:
            return np.asarray(op.reduce(values, axis=1)).astype(NUMPY[dst.dtype])
        result = np.asarray(op.reduce(values.astype(np.float32), axis=1), np.float32)
    return -result if negate else result


def tensor_tensor_scan(
    dst: NkiTensor,
    data0: NkiTensor,
    data1: NkiTensor,
    initial: Operand,
    op0: Operator,
    op1: Operator,
    reverse0: bool = False,
    reverse1: bool = False,
    name: str | None = None,
) -> None:
    """`r[i] = (data0[i] <op0> r[i-1]) <op1> data1[i]` along each row, r[-1] = initial. Raises NkiViolation."""
    me = "tensor_tensor_scan"
    reads = {"data0": data0, "data1": data1}
    machine = issue(me, "vector", {"dst": dst}, reads, {"initial": initial}, **named(me, alu=op0, alu1=op1))
    same_extent(me, dst, data0=data0, data1=data1)
    one_in_psum(me, data0, data1)
    column(me, "initial", initial, dst.shape[0])
    arithmetic(me, op0, op1)
    if not machine.numeric:
        return
    first, second = access.read_single(me, data0), access.read_single(me, data1)
    start = access.read_single(me, initial)[:, 0] if isinstance(initial, NkiTensor) else np.float32(initial)
    last = np.broadcast_to(start, (dst.shape[0],)).astype(np.float32)
    result = np.empty_like(first)
    for at in range(first.shape[1]):
        last = apply(me, op0, first[:, at], last, reverse=reverse0)
        last = apply(me, op1, last, second[:, at], reverse=reverse1)
        result[:, at] = last
    access.write(me, dst, result)
