"""The tensor engine: matrix products accumulated in PSUM, and transposes."""

from __future__ import annotations

from typing import Any

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import ITEM_BYTES, MATMUL_FLOATS, Array
from commissure.kernels.nki.executor.enums import engine as engines
from commissure.kernels.nki.executor.issue import choose, issue, of_dtype
from commissure.kernels.nki.executor.machine import Machine
from commissure.kernels.nki.executor.memory import BY_MATMUL, WRITTEN
from commissure.kernels.nki.executor.targets import (
    MATMUL_MOVING,
    MATMUL_ROWS,
    MATMUL_STATIONARY,
    PSUM_BANK_BYTES,
)
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation
from commissure.kernels.nki.trace import Engine

VECTOR_TRANSPOSE = 32
TENSOR_TRANSPOSE = 128


def nc_matmul(
    dst: NkiTensor,
    stationary: NkiTensor,
    moving: NkiTensor,
    is_stationary_onezero: bool = False,
    is_moving_onezero: bool = False,
    accumulate: bool | None = None,
    name: str | None = None,
) -> None:
    """`dst = stationary.T @ moving` in float32, or added to what matmuls left there. Raises NkiViolation.

    `accumulate` None: what a matmul wrote is added to, the rest overwritten. Facts: `stationary` and `moving` columns,
    `rows` (contraction), `fp32` (four passes), `onezero` (one operand is said to be of ones and zeros), `accumulate`.
    """
    me = "nc_matmul"
    if not all(isinstance(tile, NkiTensor) for tile in (dst, stationary, moving)):
        issue(me, "tensor", {"dst": dst}, {"stationary": stationary, "moving": moving})
    facts: dict[str, Any] = {"stationary": stationary.free, "moving": moving.free, "rows": moving.shape[0]}
    wide = moving.dtype == "float32"
    how = "auto" if accumulate is None else bool(accumulate)
    reads = {"stationary": stationary, "moving": moving}
    onezero = is_stationary_onezero or is_moving_onezero
    machine = issue(me, "tensor", {"dst": dst}, reads, **facts, fp32=wide, onezero=onezero, accumulate=how)
    _check_shapes(dst, stationary, moving)
    _check_kinds(dst, stationary, moving)
    if machine.numeric:
        left = access.read_single(me, stationary)
        with np.errstate(all="ignore"):
            product = left.T @ access.read_single(me, moving)
        _add(machine, dst, product, accumulate)


def _check_shapes(dst: NkiTensor, stationary: NkiTensor, moving: NkiTensor) -> None:
    me = "nc_matmul"
    if stationary.shape[0] != moving.shape[0]:
        limit = f"both operands have the contraction on the partitions (at most {MATMUL_ROWS})"
        given = f"{stationary.shape[0]} and {moving.shape[0]} partitions"
        raise NkiViolation(me, moving.name, limit, given, "Slice both to the same rows")
    for tile, most in ((stationary, MATMUL_STATIONARY), (moving, MATMUL_MOVING)):
        if tile.free > most:
            role = "stationary" if tile is stationary else "moving"
            limit = f"the {role} operand has at most {most} columns"
            raise NkiViolation(me, tile.name, limit, str(tile.free), f"Take it in tiles of {most}")
    if (dst.shape[0], dst.free) != (stationary.free, moving.free):
        limit = f"dst is stationary columns x moving columns, {stationary.free} x {moving.free}"
        raise NkiViolation(me, dst.name, limit, f"{dst.shape[0]} x {dst.free}", "Slice dst")
    _check_bank(me, dst)


def _check_bank(me: str, dst: NkiTensor) -> None:
    box = dst.operand()
    if box.low[1] // PSUM_BANK_BYTES != (box.high[1] - 1) // PSUM_BANK_BYTES:
        limit = f"a result lies within one PSUM bank of {PSUM_BANK_BYTES} bytes per partition"
        given = f"bytes {box.low[1]} to {box.high[1]}"
        raise NkiViolation(me, dst.name, limit, given, "Cut at multiples of 512 float32 columns")


def _check_kinds(dst: NkiTensor, stationary: NkiTensor, moving: NkiTensor) -> None:
    me = "nc_matmul"
    for role, tile in (("stationary", stationary), ("moving", moving)):
        of_dtype(me, role, tile, tuple(sorted(MATMUL_FLOATS)))
    of_dtype(me, "dst", dst, ("float32",))
    if (stationary.dtype == "float32") != (moving.dtype == "float32"):
        limit, given = "float32 goes with float32 only", f"{stationary.dtype} and {moving.dtype}"
        raise NkiViolation(me, moving.name, limit, given, "Copy the other to float32, or both to bfloat16")


def _add(machine: Machine, dst: NkiTensor, product: Array, accumulate: bool | None) -> None:
    """Overwrite or accumulate, element by element as their state says."""
    me = "nc_matmul"
    known = access.state(dst)
    assert known is not None
    known = known.reshape(product.shape)
    mine = known == access.code(BY_MATMUL, ITEM_BYTES[dst.dtype])
    others = (known != 0) & ~mine
    if accumulate is not False and others.any() and machine.target.core < 4:
        limit = f"on NeuronCore-v{machine.target.core} a matmul adds only to what matmuls wrote"
        given = "PSUM that another instruction wrote"
        raise NkiViolation(me, dst.name, limit, given, "Start with accumulate=False; make the first term a matmul too")
    if accumulate and not (mine | others).all():
        limit, given = "accumulate=True adds to what was written", "PSUM that was never written"
        raise NkiViolation(me, dst.name, limit, given, "Pass accumulate=(k > 0)")
    if accumulate is not False:
        old = access.raw(dst).reshape(product.shape)
        product = np.where(known != 0, old + product, product)
    access.write(me, dst, product, BY_MATMUL)


def nc_transpose(dst: NkiTensor, data: NkiTensor, engine: engines = engines.unknown, name: str | None = None) -> None:
    """`dst = data.T`, free axes taken as one; by the tensor engine into PSUM, or 32 x 32 by the vector engine.

    On NeuronCore-v2 the tensor engine multiplies with an identity, so that infinities and NaN spread. Raises
    NkiViolation.
    """
    me = "nc_transpose"
    to_psum = isinstance(dst, NkiTensor) and dst.storage.space == "psum"
    from_sbuf = isinstance(data, NkiTensor) and data.storage.space == "sbuf"
    default: Engine = "tensor" if to_psum and from_sbuf else "vector"
    chosen = choose(me, engine, default, ("tensor", "vector"))
    machine = issue(me, chosen, {"dst": dst}, {"data": data}, rows=getattr(data, "shape", (0,))[0])
    most = TENSOR_TRANSPOSE if chosen == "tensor" else VECTOR_TRANSPOSE
    if max(data.shape[0], data.free) > most:
        limit, given = f"the {chosen} engine transposes at most {most} x {most}", f"{data.shape[0]} x {data.free}"
        fix = "Take it in blocks; a dst in PSUM and data in SBUF go to the tensor engine (128 x 128)"
        raise NkiViolation(me, data.name, limit, given, fix)
    if (dst.shape[0], dst.free) != (data.free, data.shape[0]):
        limit = f"dst is {data.free} x {data.shape[0]}"
        raise NkiViolation(me, dst.name, limit, f"{dst.shape[0]} x {dst.free}", "Swap its axes")
    of_dtype(me, "dst", dst, (data.dtype,))
    by_product = chosen == "tensor" and machine.target.core == 2
    if chosen == "tensor":
        _check_bank(me, dst)
    if by_product:
        # The documentation allows any dtype, but a product with an identity takes what a matmul takes.
        of_dtype(me, "data", data, tuple(sorted(MATMUL_FLOATS)))
    if machine.numeric:
        values = access.read2d(me, data)
        if by_product and not np.isfinite(values.astype(np.float32)).all():
            limit, given = "the transpose of NeuronCore-v2 is a matmul: it spreads infinities and NaN", "one of them"
            raise NkiViolation(me, data.name, limit, given, "Mask with a finite low value, such as -57344.0")
        access.write(me, dst, np.ascontiguousarray(values.T), BY_MATMUL if chosen == "tensor" else WRITTEN)
