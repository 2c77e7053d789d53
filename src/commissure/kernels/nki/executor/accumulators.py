"""Instructions that reduce into the accumulators of an engine, which later ones may go on with."""

from __future__ import annotations

from typing import Any

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import FLOATS, NUMPY, Array
from commissure.kernels.nki.executor.enums import reduce_cmd as commands
from commissure.kernels.nki.executor.issue import column, issue, of_dtype, one_in_psum, same_extent
from commissure.kernels.nki.executor.machine import Machine
from commissure.kernels.nki.executor.operands import Operand, apply, named, operand_values
from commissure.kernels.nki.executor.operators import BY_NAME, Operator
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.vector import arithmetic
from commissure.kernels.nki.executor.violations import NkiViolation
from commissure.kernels.nki.trace import Engine

IDENTITY = {"add": 0.0, "multiply": 1.0, "maximum": -np.inf, "minimum": np.inf}


def tensor_scalar_reduce(
    dst: NkiTensor,
    data: NkiTensor,
    op0: Operator,
    operand0: Operand,
    reduce_op: Operator,
    reduce_res: NkiTensor | None = None,
    reverse0: bool = False,
    reduce_cmd: commands = commands.reset_reduce,
    reduce_init: Operand | None = None,
    reduce_res_negate: bool = False,
    name: str | None = None,
) -> None:
    """`dst = data <op0> operand0`, and its reduction over all free axes in `reduce_res`. Raises NkiViolation."""
    me = "tensor_scalar_reduce"
    scalars = {"operand0": operand0, "reduce_init": reduce_init}
    writes = {"dst": dst, "reduce_res": reduce_res}
    facts: dict[str, Any] = {**named(me, alu=op0, reduce=reduce_op), **_command(me, reduce_cmd)}
    machine = issue(me, "vector", writes, {"data": data}, scalars, **facts)
    same_extent(me, dst, data=data)
    arithmetic(me, op0, reduce_op)
    column(me, "operand0", operand0, data.shape[0], ("float32",))
    if reduce_op.name not in IDENTITY or reverse0:
        limit = f"it reduces by {', '.join(IDENTITY)}, and reverse0 is not supported"
        raise NkiViolation(me, "", limit, f"{reduce_op}, reverse0={reverse0}", "Choose one of these")
    if reduce_cmd not in (commands.reset_reduce, commands.reduce, commands.load_reduce):
        raise NkiViolation(me, "", "reduce_cmd reduces", str(reduce_cmd), "Use reset_reduce, reduce or load_reduce")
    if (reduce_cmd is commands.load_reduce) != (reduce_init is not None):
        raise NkiViolation(me, "", "load_reduce needs reduce_init, others none", str(reduce_cmd), "Give both or none")
    _check_result(me, dst, reduce_res)
    if machine.numeric:
        values = access.read_single(me, data)
        values = apply(me, op0, values, operand_values(me, "operand0", op0, operand0, values.dtype))
        start = (
            operand_values(me, "reduce_init", reduce_op, reduce_init, values.dtype) if reduce_init is not None else None
        )
        total = accumulate(machine, "vector", reduce_op, values, reduce_cmd, start)
        access.write(me, dst, values)
        if reduce_res is not None:
            access.write(me, reduce_res, -total if reduce_res_negate else total)


def _command(me: str, command: Any) -> dict[str, str]:
    if not isinstance(command, commands):
        limit = "reduce_cmd is a member of nisa.reduce_cmd"
        raise NkiViolation(me, "", limit, repr(command), "Write nisa.reduce_cmd.reset_reduce, for example")
    return {"reduce_cmd": command.name}


def _check_result(me: str, dst: NkiTensor, result: NkiTensor | None) -> None:
    if result is not None:
        column(me, "reduce_res", result, dst.shape[0])
        of_dtype(me, "reduce_res", result, tuple(FLOATS))


def accumulate(
    machine: Machine, engine: Engine, op: Operator, values: Array, command: commands, start: Array | None = None
) -> Array:
    """Fold rows into the engine's accumulators as the command says; returns them as a column."""
    assert op.reduce is not None
    assert op.binary is not None
    registers = machine.registers[engine][: values.shape[0]]
    if command in (commands.reset, commands.reset_reduce):
        registers[:] = IDENTITY[op.name]
    if start is not None:
        registers[:] = np.broadcast_to(start.reshape(-1), registers.shape)
    if command in (commands.reduce, commands.reset_reduce, commands.load_reduce):
        with np.errstate(all="ignore"):
            registers[:] = op.binary(registers, np.asarray(op.reduce(values, axis=1), np.float32))
    return registers[:, None].copy()


def select_reduce(
    dst: NkiTensor,
    predicate: NkiTensor,
    on_true: NkiTensor,
    on_false: Operand,
    reduce_res: NkiTensor | None = None,
    reduce_cmd: commands = commands.idle,
    reduce_op: Operator = BY_NAME["maximum"],
    reverse_pred: bool = False,
    name: str | None = None,
) -> None:
    """`where(predicate, on_true, on_false)`, and if asked the largest of each row. Raises NkiViolation."""
    me = "select_reduce"
    reads = {"predicate": predicate, "on_true": on_true}
    writes = {"dst": dst, "reduce_res": reduce_res}
    machine = issue(me, "vector", writes, reads, {"on_false": on_false}, **_command(me, reduce_cmd))
    same_extent(me, dst, predicate=predicate, on_true=on_true)
    one_in_psum(me, on_true, predicate)
    of_dtype(me, "predicate", predicate, ("int8", "uint8", "int16", "uint16"))
    of_dtype(me, "on_true", on_true, tuple(set(NUMPY) - {"int32", "uint32"}))
    column(me, "on_false", on_false, dst.shape[0])
    _check_result(me, dst, reduce_res)
    if reduce_op.name != "maximum" or reduce_cmd in (commands.reset, commands.load_reduce):
        limit, given = "it reduces by maximum, idle, reduce or reset_reduce", f"{reduce_op}, {reduce_cmd}"
        raise NkiViolation(me, "", limit, given, "Choose one of these")
    if reduce_res is not None and reduce_cmd is commands.idle:
        raise NkiViolation(me, reduce_res.name, "an idle accumulator has no result", "idle", "Pass reset_reduce")
    if not machine.numeric:
        return
    chosen = (access.read2d(me, predicate) != 0) != reverse_pred
    other = access.read_single(me, on_false) if isinstance(on_false, NkiTensor) else np.float32(on_false)
    values = np.where(chosen, access.read_single(me, on_true), other).astype(np.float32)
    total = accumulate(machine, "vector", reduce_op, values, reduce_cmd)
    if reduce_cmd is commands.idle:
        # "The accumulator state may still be modified": nothing may rely on it.
        machine.registers["vector"][:] = np.nan
    access.write(me, dst, values)
    if reduce_res is not None:
        access.write(me, reduce_res, total)
