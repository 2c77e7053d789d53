"""Elementwise instructions of the vector engine, and of others that share them: float32 inside."""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import INTEGERS, NUMPY, Array
from commissure.kernels.nki.executor.enums import engine as engines
from commissure.kernels.nki.executor.issue import choose, column, issue, one_in_psum, same_extent
from commissure.kernels.nki.executor.machine import current
from commissure.kernels.nki.executor.operands import Operand, apply, bitvec, check_bits, named, operand_values
from commissure.kernels.nki.executor.operators import Operator
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation
from commissure.kernels.nki.trace import Engine

WIDE = ("int32", "uint32")


def tensor_tensor(
    dst: NkiTensor,
    data1: NkiTensor,
    data2: NkiTensor,
    op: Operator,
    engine: engines = engines.unknown,
    name: str | None = None,
) -> None:
    """`data1 <op> data2` by element. 32-bit integers alone go to GpSimd and are exact. Raises NkiViolation."""
    me = "tensor_tensor"
    names = named(me, alu=op)
    tiles = [tile for tile in (dst, data1, data2) if isinstance(tile, NkiTensor)]
    on_sbuf = all(tile.storage.space == "sbuf" for tile in tiles)
    whole = on_sbuf and all(tile.dtype in WIDE for tile in tiles) and not bitvec(me, op)
    power = op.name == "power"
    default: Engine = "gpsimd" if whole or power else "vector"
    chosen = choose(me, engine, default, ("gpsimd",) if power else ("vector", "gpsimd"))
    machine = issue(me, chosen, {"dst": dst}, {"data1": data1, "data2": data2}, **names)
    one_in_psum(me, data1, data2)
    same_extent(me, dst, data1=data1, data2=data2)
    exact = check_bits(me, op, dst, data1, data2) or (chosen == "gpsimd" and whole)
    if machine.numeric:
        read = access.read2d if exact else access.read_single
        access.write(me, dst, _integers(apply(me, op, read(me, data1), read(me, data2)), dst, exact=exact))


def _integers(values: Array, dst: NkiTensor, *, exact: bool) -> Array:
    """What integer arithmetic leaves is already of the destination's kind; it wraps instead of saturating."""
    return values.astype(NUMPY[dst.dtype]) if exact else values


def tensor_scalar(
    dst: NkiTensor,
    data: NkiTensor,
    op0: Operator,
    operand0: Operand,
    reverse0: bool = False,
    op1: Operator | None = None,
    operand1: Operand | None = None,
    reverse1: bool = False,
    engine: engines = engines.unknown,
    name: str | None = None,
) -> None:
    """`(data <op0> operand0) <op1> operand1`, operands being numbers or float32 columns. Raises NkiViolation."""
    me = "tensor_scalar"
    names = named(me, alu=op0) if op1 is None else named(me, alu=op0, alu1=op1)
    chosen = choose(me, engine, "vector", ("vector", "scalar", "gpsimd"))
    _check_engine(chosen, op0, op1)
    scalars = {"operand0": operand0, "operand1": operand1}
    machine = issue(me, chosen, {"dst": dst}, {"data": data}, scalars, ops=len(names), **names)
    same_extent(me, dst, data=data)
    if op1 is not None and bitvec(me, op0) != bitvec(me, op1):
        raise NkiViolation(me, "", "both operators are bitwise, or both arithmetic", f"{op0}, {op1}", "Use two calls")
    bits = check_bits(me, op0, dst, data)
    steps: list[tuple[Operator, Operand | None, bool, str]] = [(op0, operand0, reverse0, "operand0")]
    if op1 is not None:
        steps.append((op1, operand1, reverse1, "operand1"))
    kinds = tuple(INTEGERS) if bits else ("float32",)
    for step, operand, _, role in steps:
        if step.unary is None:
            column(me, role, operand, data.shape[0], kinds)
    if not machine.numeric:
        return
    values = access.read2d(me, data) if bits else access.read_single(me, data)
    for step, operand, reverse, role in steps:
        other = operand_values(me, role, step, operand, values.dtype)
        values = apply(me, step, values, other, reverse=reverse)
    access.write(me, dst, _integers(values, dst, exact=bits))


def _check_engine(chosen: Engine, op0: Operator, op1: Operator | None) -> None:
    pair = (op0.name, op1.name if op1 is not None else None)
    if chosen == "scalar" and pair not in {("multiply", "add"), ("multiply", None), ("add", None)}:
        limit = "the scalar engine takes multiply, add, or multiply then add"
        raise NkiViolation("tensor_scalar", "", limit, str(pair), "Leave engine out")
    if chosen == "gpsimd" and pair != ("rsqrt", None):
        raise NkiViolation("tensor_scalar", "", "GpSimd takes rsqrt only", str(pair), "Leave engine out")


def scalar_tensor_tensor(
    dst: NkiTensor,
    data: NkiTensor,
    op0: Operator,
    operand0: Operand,
    op1: Operator,
    operand1: NkiTensor,
    reverse0: bool = False,
    reverse1: bool = False,
    name: str | None = None,
) -> None:
    """`(data <op0> operand0) <op1> operand1`, operand1 by element; arithmetic only. Raises NkiViolation."""
    me = "scalar_tensor_tensor"
    reads = {"data": data, "operand1": operand1}
    machine = issue(me, "vector", {"dst": dst}, reads, {"operand0": operand0}, **named(me, alu=op0, alu1=op1))
    same_extent(me, dst, data=data, operand1=operand1)
    one_in_psum(me, data, operand1)
    column(me, "operand0", operand0, data.shape[0])
    arithmetic(me, op0, op1)
    if machine.numeric:
        first = access.read_single(me, data)
        other = operand_values(me, "operand0", op0, operand0, first.dtype)
        first = apply(me, op0, first, other, reverse=reverse0)
        access.write(me, dst, apply(me, op1, first, access.read_single(me, operand1), reverse=reverse1))


def arithmetic(me: str, *operators: Operator) -> None:
    """Raise NkiViolation if one is bitwise."""
    for operator in operators:
        if bitvec(me, operator):
            raise NkiViolation(me, "", "it takes arithmetic operators only", repr(operator), "Use tensor_tensor")


def reciprocal(dst: NkiTensor, data: NkiTensor, name: str | None = None) -> None:
    """1 / data in float32. Raises NkiViolation."""
    me = "reciprocal"
    issue(me, "vector", {"dst": dst}, {"data": data})
    same_extent(me, dst, data=data)
    if current().numeric:
        with np.errstate(all="ignore"):
            access.write(me, dst, np.float32(1) / access.read_single(me, data))
