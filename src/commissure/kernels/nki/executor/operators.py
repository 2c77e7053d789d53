"""Operators that instructions take as arguments: of the arithmetic unit, and functions of the scalar engine.

Source: nki.api.shared.rst of SDK 2.32, tables tbl-aluop and tbl-act-func.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from commissure.kernels.nki.executor.dtypes import Array
from commissure.kernels.nki.executor.violations import NkiViolation


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """An operator by name. What it can be used as is said by what it has; `bitvec` ones treat integers as bits."""

    name: str
    bitvec: bool = False
    binary: Callable[[Array, Array], Array] | None = None
    unary: Callable[[Array], Array] | None = None
    reduce: Callable[..., Any] | None = None
    activation: Callable[[Array], Array] | None = None
    domain: tuple[float, float] | None = None
    """Magnitudes that the scalar engine computes; outside its result is invalid."""
    positive: bool = False

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refused: not every NKI of 0.2 to 0.6 has operators as functions."""
        fix = f"Call the nki.isa instruction with op=nl.{self.name}"
        raise NkiViolation(f"nl.{self.name}", "", "operators are only arguments of instructions", "a call of it", fix)

    def __repr__(self) -> str:
        return f"nl.{self.name}"


def _compare(name: str, compare: Callable[[Array, Array], Array]) -> Operator:
    return Operator(name, binary=lambda x, y: compare(x, y).astype(np.float32))


def _logical(name: str, combine: np.ufunc) -> Operator:
    def fold(values: Array, axis: int) -> Array:
        folded: Array = combine.reduce(values != 0, axis=axis)
        return folded.astype(np.float32)

    return Operator(name, binary=lambda x, y: combine(x != 0, y != 0).astype(np.float32), reduce=fold)


def _bits(name: str, combine: np.ufunc) -> Operator:
    return Operator(name, bitvec=True, binary=combine, reduce=combine.reduce)


def _subtract_all(values: Array, axis: int) -> Array:
    """The first less all others."""
    first = np.take(values, 0, axis=axis)
    result: Array = first - (np.add.reduce(values, axis=axis) - first)
    return result


def _shift(name: str, shift: np.ufunc) -> Operator:
    def shifted(x: Array, y: Array) -> Array:
        unsigned = np.dtype(f"u{x.dtype.itemsize}")
        result: Array = shift(x.view(unsigned), y.astype(unsigned)).view(x.dtype)
        return result

    return Operator(name, bitvec=True, binary=shifted)


def _sigmoid(x: Array) -> Array:
    result: Array = np.float32(1) / (np.float32(1) + np.exp(-x))
    return result


def _reciprocal(x: Array) -> Array:
    result: Array = np.float32(1) / x
    return result


def _rsqrt(x: Array) -> Array:
    result: Array = np.float32(1) / np.sqrt(x)
    return result


def _relu(x: Array) -> Array:
    result: Array = np.maximum(x, np.float32(0))
    return result


OPERATORS = (
    Operator("add", binary=np.add, reduce=np.add.reduce),
    Operator("subtract", binary=np.subtract, reduce=_subtract_all),
    Operator("multiply", binary=np.multiply, reduce=np.multiply.reduce),
    Operator("maximum", binary=np.maximum, reduce=np.maximum.reduce),
    Operator("minimum", binary=np.minimum, reduce=np.minimum.reduce),
    _compare("equal", np.equal),
    _compare("not_equal", np.not_equal),
    _compare("greater_equal", np.greater_equal),
    _compare("greater", np.greater),
    _compare("less_equal", np.less_equal),
    _compare("less", np.less),
    _logical("logical_and", np.logical_and),
    _logical("logical_or", np.logical_or),
    _logical("logical_xor", np.logical_xor),
    Operator("power", binary=np.power),
    Operator("abs_max", binary=lambda x, y: np.maximum(np.abs(x), np.abs(y))),
    Operator("abs_min", binary=lambda x, y: np.minimum(np.abs(x), np.abs(y))),
    _bits("bitwise_and", np.bitwise_and),
    _bits("bitwise_or", np.bitwise_or),
    _bits("bitwise_xor", np.bitwise_xor),
    Operator("invert", bitvec=True, unary=np.invert),
    _shift("left_shift", np.left_shift),
    _shift("right_shift", np.right_shift),
    Operator("abs", unary=np.abs, activation=np.abs),
    Operator("square", unary=np.square, activation=np.square),
    Operator("relu", unary=_relu, activation=_relu),
    Operator("rsqrt", unary=_rsqrt, activation=_rsqrt, domain=(2.0**-87, 2.0**97), positive=True),
    Operator("reciprocal", unary=_reciprocal, activation=_reciprocal, domain=(2.0**-42, 2.0**42)),
    Operator("copy", activation=lambda x: x),
    Operator("exp", activation=np.exp),
    Operator("log", activation=np.log, domain=(2.0**-64, 2.0**64), positive=True),
    Operator("sqrt", activation=np.sqrt, domain=(2.0**-116, 2.0**118), positive=True),
    Operator("sigmoid", activation=_sigmoid),
    Operator("tanh", activation=np.tanh),
    Operator("sign", activation=np.sign),
)
BY_NAME = {operator.name: operator for operator in OPERATORS}
