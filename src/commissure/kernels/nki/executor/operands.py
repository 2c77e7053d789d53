"""Operators applied to tiles and scalar operands, and the rules of bitwise ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import INTEGERS, ITEM_BYTES, Array
from commissure.kernels.nki.executor.operators import Operator
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation

Operand = float | NkiTensor


def bitvec(me: str, op: Any) -> bool:
    """Whether an operator treats integers as bits. Raises NkiViolation if it is no operator."""
    if not isinstance(op, Operator):
        raise NkiViolation(me, "", "op is an operator of nki.language", repr(op), "Write nl.add, for example")
    return op.bitvec


def named(me: str, **operators: Any) -> dict[str, Any]:
    """The operators' names, for the trace. Raises NkiViolation if one is no operator."""
    for operator in operators.values():
        bitvec(me, operator)
    return {role: operator.name for role, operator in operators.items()}


def check_bits(me: str, op: Operator, *tiles: NkiTensor) -> bool:
    """Whether the operator is bitwise. Raises NkiViolation if it is and the tiles are not integers of one width."""
    if not bitvec(me, op):
        return False
    widths = {ITEM_BYTES[tile.dtype] for tile in tiles}
    wrong = [tile for tile in tiles if tile.dtype not in INTEGERS]
    if wrong or len(widths) > 1:
        given = ", ".join(tile.dtype for tile in tiles)
        limit = f"{op} treats elements as bits: all tiles are integers of one width"
        name = wrong[0].name if wrong else tiles[0].name
        raise NkiViolation(me, name, limit, given, "Copy to an integer tile first, or .view(dtype) the bits")
    return True


def apply(me: str, op: Operator, left: Array, right: Array | None, *, reverse: bool = False) -> Array:
    """The operator on arrays that broadcast. Raises NkiViolation if it cannot be used in this way."""
    with np.errstate(all="ignore"):
        if op.unary is not None:
            return op.unary(left)
        if op.binary is None or right is None:
            fix = "Use nisa.activation, or another operator"
            raise NkiViolation(me, "", "it takes an operator of the arithmetic unit", repr(op), fix)
        result = op.binary(right, left) if reverse else op.binary(left, right)
    return result


def operand_values(me: str, role: str, op: Operator, operand: Any, dtype: np.dtype[Any]) -> Array | None:
    """A scalar operand as an array that broadcasts over the free axis; None for unary operators."""
    if op.unary is not None:
        if operand is not None and operand != 0:
            raise NkiViolation(me, role, f"{op} takes no operand", repr(operand), f"Pass {role}=0")
        return None
    if isinstance(operand, NkiTensor):
        return access.read2d(me, operand).astype(dtype)
    if op.bitvec and not isinstance(operand, int):
        raise NkiViolation(me, role, f"{op} takes an integer", repr(operand), "Write an int")
    bits = np.asarray(operand & (2 ** (8 * dtype.itemsize) - 1), f"u{dtype.itemsize}") if op.bitvec else None
    return np.asarray(operand, dtype) if bits is None else bits.view(dtype)
