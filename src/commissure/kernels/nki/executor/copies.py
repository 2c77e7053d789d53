"""Copies and fills within the chip, by the vector engine and others that share the instruction."""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import INTEGERS, NUMPY
from commissure.kernels.nki.executor.enums import engine as engines
from commissure.kernels.nki.executor.issue import choose, issue, of_dtype, one_in_psum, same_extent
from commissure.kernels.nki.executor.operands import Operand
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation


def tensor_copy(dst: NkiTensor, src: NkiTensor, engine: engines = engines.unknown, name: str | None = None) -> None:
    """Copy within the chip: bit-exact if the dtypes are the same, else through float32. Raises NkiViolation."""
    op = "tensor_copy"
    chosen = choose(op, engine, "vector", ("vector", "scalar", "gpsimd"))
    machine = issue(op, chosen, {"dst": dst}, {"src": src})
    if chosen == "scalar" and machine.target.core == 2:
        fix = "Use nisa.activation(op=nl.copy), or the vector engine"
        raise NkiViolation(op, "", "the scalar engine of NeuronCore-v2 has no tensor_copy", chosen, fix)
    same_extent(op, dst, src=src)
    if machine.numeric:
        access.write(op, dst, access.read2d(op, src))


def memset(dst: NkiTensor, value: float, engine: engines = engines.unknown, name: str | None = None) -> None:
    """Fill `dst` with a constant of its kind: an integer for integer dtypes. Raises NkiViolation."""
    op = "memset"
    machine = issue(op, choose(op, engine, "vector", ("vector", "gpsimd")), {"dst": dst}, {}, value=value)
    if dst.dtype in INTEGERS:
        limits = np.iinfo(NUMPY[dst.dtype])
        if isinstance(value, float) or not limits.min <= value <= limits.max:
            limit = f"the value is an integer that {dst.dtype} can hold"
            raise NkiViolation(op, dst.name, limit, repr(value), "Write an int within its range")
    if machine.numeric:
        kind = NUMPY[dst.dtype] if dst.dtype in INTEGERS else np.dtype(np.float32)
        access.write(op, dst, np.full((dst.shape[0], dst.free), value, kind))


def tensor_copy_predicated(
    dst: NkiTensor,
    src: Operand,
    predicate: NkiTensor,
    reverse_pred: bool = False,
    name: str | None = None,
) -> None:
    """Copy `src` where `predicate` is not 0 (`reverse_pred`: is 0); elsewhere `dst` stays. Raises NkiViolation."""
    me = "tensor_copy_predicated"
    machine = issue(me, "vector", {"dst": dst}, {"predicate": predicate}, {"src": src})
    same_extent(me, dst, src=src, predicate=predicate)
    of_dtype(me, "predicate", predicate, ("uint8", "uint16", "uint32"))
    one_in_psum(me, src, predicate)
    if isinstance(src, NkiTensor):
        of_dtype(me, "src", src, (dst.dtype,))
    if machine.numeric:
        chosen = (access.read2d(me, predicate) != 0) != reverse_pred
        values = access.read2d(me, src) if isinstance(src, NkiTensor) else np.full(chosen.shape, src, np.float32)
        access.write(me, dst, values, where=chosen)
