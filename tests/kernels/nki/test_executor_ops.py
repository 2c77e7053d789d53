"""Each instruction against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.kernels.nki.executor_chip import chip, get, new, nisa, nl, psum, sbuf

RNG = np.random.default_rng(7)


def floats(*shape: int) -> np.ndarray[Any, Any]:
    return RNG.integers(-9, 10, shape).astype(np.float32)


BINARY: dict[str, Any] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "abs_max": lambda x, y: np.maximum(abs(x), abs(y)),
    "abs_min": lambda x, y: np.minimum(abs(x), abs(y)),
}


@pytest.mark.parametrize("name", BINARY)
def test_arithmetic_operators(name: str) -> None:
    x, y, column = floats(5, 9), floats(5, 9), floats(5, 1)
    with chip():
        dst = new((5, 9))
        nisa.tensor_tensor(dst=dst, data1=sbuf(x), data2=sbuf(y), op=getattr(nl, name))
        np.testing.assert_array_equal(get(dst), BINARY[name](x, y).astype(np.float32))
        nisa.tensor_scalar(dst=dst, data=psum(x), op0=getattr(nl, name), operand0=sbuf(column), reverse0=True)
        np.testing.assert_array_equal(get(dst), BINARY[name](column, x).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32])
@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
def test_bitwise_operators(name: str, dtype: type) -> None:
    limits = np.iinfo(dtype)
    x, y = (RNG.integers(limits.min, limits.max, (4, 10), dtype=dtype, endpoint=True) for _ in range(2))
    with chip():
        dst = new((4, 10), np.dtype(dtype).name)
        nisa.tensor_tensor(dst=dst, data1=sbuf(x), data2=sbuf(y), op=getattr(nl, name))
        np.testing.assert_array_equal(get(dst), getattr(np, name)(x, y))


def test_shifts_are_logical() -> None:
    x = np.array([[-1, 1, -(2**31)]], np.int32)
    with chip():
        dst = new((1, 3), "int32")
        nisa.tensor_scalar(dst=dst, data=sbuf(x), op0=nl.right_shift, operand0=28, op1=nl.bitwise_and, operand1=7)
        assert get(dst).tolist() == [[7, 0, 0]]
        nisa.tensor_scalar(dst=dst, data=sbuf(x), op0=nl.left_shift, operand0=4)
        assert get(dst).tolist() == [[-16, 16, 0]]


def test_integers_are_exact_on_gpsimd_and_single_floats_on_the_vector_engine() -> None:
    x, y = np.array([[2**24, 2**31 - 1]], np.int32), np.array([[1, 1]], np.int32)
    with chip():
        exact, single = new((1, 2), "int32"), new((1, 2), "int32")
        nisa.tensor_tensor(dst=exact, data1=sbuf(x), data2=sbuf(y), op=nl.add)
        nisa.tensor_tensor(dst=single, data1=sbuf(x), data2=sbuf(y), op=nl.add, engine=nisa.engine.vector)
        assert get(exact).tolist() == [[2**24 + 1, -(2**31)]]
        assert get(single).tolist() == [[2**24, 2**31 - 1]]


@given(
    arrays.arrays(np.float32, (2, 6), elements=st.floats(-3e9, 3e9, width=32)),
    st.sampled_from(["int8", "uint16", "int32", "uint32"]),
)
def test_conversion_to_integers_rounds_half_to_even_and_saturates(x: np.ndarray[Any, Any], dtype: str) -> None:
    limits = np.iinfo(dtype)
    expected = [[min(max(round(float(value)), limits.min), limits.max) for value in row] for row in x]
    with chip():
        dst = new(x.shape, dtype)
        nisa.tensor_copy(dst=dst, src=sbuf(x))
        assert get(dst).tolist() == expected


def test_two_operators_in_one_instruction() -> None:
    x, y, column = floats(6, 7), floats(6, 7), floats(6, 1)
    with chip():
        dst = new((6, 7))
        nisa.tensor_scalar(
            dst=dst, data=sbuf(x), op0=nl.multiply, operand0=2.0, op1=nl.subtract, operand1=sbuf(column), reverse1=True
        )
        np.testing.assert_array_equal(get(dst), column - x * 2)
        nisa.scalar_tensor_tensor(
            dst=dst, data=sbuf(x), op0=nl.add, operand0=sbuf(column), op1=nl.multiply, operand1=psum(y)
        )
        np.testing.assert_array_equal(get(dst), (x + column) * y)
        nisa.tensor_scalar(dst=dst, data=sbuf(x), op0=nl.abs, operand0=0)
        np.testing.assert_array_equal(get(dst), abs(x))


REDUCE: dict[str, Any] = {
    "add": np.sum,
    "multiply": np.prod,
    "maximum": np.max,
    "minimum": np.min,
    "logical_or": np.any,
}


@pytest.mark.parametrize("name", REDUCE)
def test_reductions(name: str) -> None:
    x = floats(4, 3, 5)
    with chip():
        dst, inner = new((4, 1)), new((4, 3))
        nisa.tensor_reduce(dst=dst, op=getattr(nl, name), data=sbuf(x), axis=(1, 2))
        np.testing.assert_array_equal(get(dst)[:, 0], REDUCE[name](x, axis=(1, 2)))
        nisa.tensor_reduce(dst=inner, op=getattr(nl, name), data=sbuf(x), axis=2, negate=True)
        np.testing.assert_array_equal(get(inner), -REDUCE[name](x, axis=2).astype(np.float32))


def test_reduction_of_bits() -> None:
    x = RNG.integers(0, 256, (3, 8), dtype=np.uint8)
    with chip():
        dst = new((3, 1), "uint8")
        nisa.tensor_reduce(dst=dst, op=nl.bitwise_or, data=sbuf(x), axis=1)
        np.testing.assert_array_equal(get(dst)[:, 0], np.bitwise_or.reduce(x, axis=1))


def test_accumulators_go_on_across_instructions() -> None:
    x, y = floats(4, 6), floats(4, 6)
    with chip():
        dst, best, start = new((4, 6)), new((4, 1)), floats(4, 1) + 5
        args = {"op0": nl.add, "operand0": 1.0, "reduce_op": nl.maximum}
        nisa.tensor_scalar_reduce(dst=dst, data=sbuf(x), **args)
        np.testing.assert_array_equal(get(dst), x + 1)
        nisa.tensor_scalar_reduce(dst=dst, data=sbuf(y), reduce_res=best, reduce_cmd=nisa.reduce_cmd.reduce, **args)
        np.testing.assert_array_equal(get(best), np.maximum(x, y).max(1, keepdims=True) + 1)
        load = nisa.reduce_cmd.load_reduce
        nisa.tensor_scalar_reduce(
            dst=dst, data=sbuf(x), reduce_res=best, reduce_cmd=load, reduce_init=sbuf(start), **args
        )
        np.testing.assert_array_equal(get(best), np.maximum(x.max(1, keepdims=True) + 1, start))


@pytest.mark.parametrize("reverse", [False, True])
def test_selection(reverse: bool) -> None:
    x, old, chosen = floats(5, 9), floats(5, 9), RNG.integers(0, 2, (5, 9)).astype(np.uint8)
    where = (chosen == 0) if reverse else (chosen == 1)
    with chip():
        dst, best = new((5, 9)), new((5, 1))
        nisa.select_reduce(
            dst=dst,
            predicate=sbuf(chosen),
            on_true=psum(x),
            on_false=-99.0,
            reduce_res=best,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
            reverse_pred=reverse,
        )
        np.testing.assert_array_equal(get(dst), np.where(where, x, -99))
        np.testing.assert_array_equal(get(best)[:, 0], np.where(where, x, -99).max(1))
        kept = sbuf(old)
        nisa.tensor_copy_predicated(dst=kept, src=sbuf(x), predicate=sbuf(chosen), reverse_pred=reverse)
        np.testing.assert_array_equal(get(kept), np.where(where, x, old))


def test_scan_is_a_running_sum() -> None:
    x = floats(3, 12)
    with chip():
        dst = new((3, 12))
        zero = sbuf(np.zeros((3, 12), np.float32))
        nisa.tensor_tensor_scan(dst=dst, data0=sbuf(x), data1=zero, initial=2.0, op0=nl.add, op1=nl.add)
        np.testing.assert_array_equal(get(dst), 2 + np.cumsum(x, axis=1))


FUNCTIONS: dict[str, Any] = {
    "copy": lambda x: x,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "square": np.square,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sign": np.sign,
    "abs": abs,
    "relu": lambda x: np.maximum(x, 0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activation(name: str) -> None:
    x = RNG.uniform(0.5, 3, (4, 6)).astype(np.float32)
    scale, bias = (RNG.uniform(0.5, 1, (4, 1)).astype(np.float32) for _ in range(2))
    with chip("trn2"):
        dst, total = new((4, 6)), new((4, 1))
        nisa.activation(
            dst=dst,
            op=getattr(nl, name),
            data=sbuf(x),
            scale=sbuf(scale),
            bias=sbuf(bias),
            reduce_op=nl.add,
            reduce_res=total,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
        )
        expected = FUNCTIONS[name](x * scale + bias)
        np.testing.assert_allclose(get(dst), expected, rtol=1e-6)
        np.testing.assert_allclose(get(total)[:, 0], expected.sum(1), rtol=1e-5)


def test_reciprocal() -> None:
    x = floats(4, 6) + 20
    with chip():
        dst = new((4, 6))
        nisa.reciprocal(dst=dst, data=sbuf(x))
        np.testing.assert_array_equal(get(dst), np.float32(1) / x)
