"""The scalar engine: functions of float32 numbers.

The chip approximates them by piecewise polynomials; here they are NumPy's, so that results agree only within its error.
"""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.accumulators import accumulate
from commissure.kernels.nki.executor.dtypes import Array
from commissure.kernels.nki.executor.enums import reduce_cmd as commands
from commissure.kernels.nki.executor.issue import column, issue, same_extent
from commissure.kernels.nki.executor.operands import Operand
from commissure.kernels.nki.executor.operators import BY_NAME, Operator
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation

ME = "activation"


def activation(
    dst: NkiTensor,
    op: Operator,
    data: NkiTensor,
    bias: Operand | None = None,
    scale: Operand = 1.0,
    reduce_op: Operator | None = None,
    reduce_res: NkiTensor | None = None,
    reduce_cmd: commands = commands.idle,
    name: str | None = None,
) -> None:
    """`op(data * scale + bias)`, and if asked the sum of each row in `reduce_res`. Raises NkiViolation."""
    scalars = {"scale": scale, "bias": bias}
    writes = {"dst": dst, "reduce_res": reduce_res}
    function = getattr(op, "name", repr(op))
    command = getattr(reduce_cmd, "name", repr(reduce_cmd))
    machine = issue(ME, "scalar", writes, {"data": data}, scalars, function=function, reduce_cmd=command)
    same_extent(ME, dst, data=data)
    _check_arguments(machine.target.core, data, op, scale, bias)
    _check_reduction(data, reduce_op, reduce_res, reduce_cmd)
    if not machine.numeric:
        return
    values = access.read_single(ME, data) * _column(scale)
    if bias is not None:
        values = values + _column(bias)
    result = _evaluate(op, values, data)
    access.write(ME, dst, result)
    total = accumulate(machine, "scalar", BY_NAME["add"], result, reduce_cmd)
    if reduce_res is not None:
        access.write(ME, reduce_res, total)


def _column(operand: Operand) -> Array:
    if isinstance(operand, NkiTensor):
        return access.read_single(ME, operand)
    return np.asarray(operand, np.float32)


def _check_arguments(core: int, data: NkiTensor, op: Operator, scale: Operand, bias: Operand | None) -> None:
    if not isinstance(op, Operator) or op.activation is None:
        allowed = ", ".join(name for name, known in BY_NAME.items() if known.activation is not None)
        raise NkiViolation(ME, "", f"op is one of {allowed}", repr(op), "Choose one, or use the vector engine")
    column(ME, "scale", scale, data.shape[0], ("float32",))
    if bias is None:
        return
    if core == 2 and not isinstance(bias, NkiTensor):
        limit = "on NeuronCore-v2 bias is a tile"
        raise NkiViolation(ME, "bias", limit, repr(bias), f"memset a [{data.shape[0]}, 1] tile with it")
    column(ME, "bias", bias, data.shape[0])
    if op.name == "reciprocal" and core == 2:
        raise NkiViolation(ME, "bias", "NeuronCore-v2 takes no bias for reciprocal", "a bias", "Add it before")


def _check_reduction(data: NkiTensor, op: Operator | None, result: NkiTensor | None, command: commands) -> None:
    allowed = (commands.idle, commands.reset, commands.reduce, commands.reset_reduce)
    if command not in allowed:
        limit = "reduce_cmd is nisa.reduce_cmd.idle, reset, reduce or reset_reduce"
        raise NkiViolation(ME, "", limit, repr(command), "Choose one of these")
    reducing = command in (commands.reduce, commands.reset_reduce)
    if reducing and (op is None or op.name != "add"):
        raise NkiViolation(ME, "", "reduce_op is nl.add", repr(op), "Pass reduce_op=nl.add")
    if result is not None:
        column(ME, "reduce_res", result, data.shape[0])
        if command is commands.idle:
            raise NkiViolation(ME, result.name, "an idle accumulator has no result", "idle", "Pass reset_reduce")


def _evaluate(op: Operator, values: Array, data: NkiTensor) -> Array:
    assert op.activation is not None
    if op.domain is not None:
        low, high = op.domain
        size = values if op.positive else np.abs(values)
        wrong = ~((size >= low) & (size <= high))
        if wrong.any():
            limit = f"{op} is computed within [{low:g}, {high:g}]{'' if op.positive else ' in magnitude'}"
            given = f"{float(values[wrong][0])!r}"
            raise NkiViolation(ME, data.name, limit, given, "Clamp the input with tensor_scalar first")
    with np.errstate(all="ignore"):
        return op.activation(values).astype(np.float32)
