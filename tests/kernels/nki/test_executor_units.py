"""Searches, gathers, transposes and matmuls against plain NumPy."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.kernels.nki.executor_chip import chip, get, new, nisa, nl, sbuf

RNG = np.random.default_rng(7)


def floats(*shape: int) -> np.ndarray[Any, Any]:
    return RNG.integers(-9, 10, shape).astype(np.float32)


@given(arrays.arrays(np.int8, (3, 20), elements=st.integers(-3, 3)))
def test_eight_best_and_where_they_stand(x: np.ndarray[Any, Any]) -> None:
    data = x.astype(np.float32)
    with chip():
        best, where = new((3, 8)), new((3, 8), "uint32")
        nisa.max8(dst=best, src=sbuf(data))
        nisa.nc_find_index8(dst=where, data=sbuf(data), vals=best)
        # A stable sort takes equal values from left to right.
        order = np.argsort(-data, axis=1, kind="stable")[:, :8]
        np.testing.assert_array_equal(get(best), np.take_along_axis(data, order, 1))
        np.testing.assert_array_equal(get(where), order)


def test_a_value_that_is_not_there_has_no_place() -> None:
    with chip():
        where, short = new((1, 8), "uint32"), new((1, 8), "uint16")
        data, vals = sbuf(np.arange(8, dtype=np.float32)[None]), sbuf(np.full((1, 8), 3, np.float32))
        nisa.nc_find_index8(dst=where, data=data, vals=vals)
        nisa.nc_find_index8(dst=short, data=data, vals=vals)
        assert get(where).tolist() == [[3, *[2**32 - 1] * 7]]
        assert get(short).tolist() == [[3, *[2**16 - 1] * 7]]


def test_match_replace_as_documented() -> None:
    """The example of nki.isa.nc_match_replace8."""
    data = np.array([[1, 2, 3, 4, 8, 8, 8, 8, 8, 8, 8]], np.float32)
    vals = np.array([[3, 8, 8, 8, 8, 8, 8, 8]], np.float32)
    with chip():
        dst, where = new(data.shape), new((1, 8), "uint32")
        nisa.nc_match_replace8(dst=dst, data=sbuf(data), vals=sbuf(vals), imm=-1.0, dst_idx=where)
        assert get(where).tolist() == [[2, 10, 9, 8, 7, 6, 5, 4]]
        assert get(dst).tolist() == [[1, 2, -1, 4, *[-1] * 7]]


def test_iota_is_exact_and_affine_select_compares_with_zero() -> None:
    p, w, x = np.arange(6)[:, None, None], np.arange(2)[None, :, None], np.arange(5)[None, None]
    affine = 128_256_000 + p * 3 - w * 7 + x
    tile = floats(6, 10)
    with chip():
        dst = new((6, 10), "int32")
        nisa.iota(dst=dst, pattern=[[-7, 2], [1, 5]], offset=128_256_000, channel_multiplier=3)
        np.testing.assert_array_equal(get(dst), affine.reshape(6, 10))
        chosen = new((6, 10))
        nisa.affine_select(
            dst=chosen,
            pattern=[[1, 10]],
            offset=-4,
            channel_multiplier=-1,
            on_true_tile=sbuf(tile),
            on_false_value=-1.0,
            cmp_op=nl.less,
        )
        mask = np.arange(10)[None] - np.arange(6)[:, None] - 4 < 0
        np.testing.assert_array_equal(get(chosen), np.where(mask, tile, -1))


def test_gathers() -> None:
    data, where = floats(32, 40), RNG.integers(0, 40, (32, 12)).astype(np.uint32)
    index = RNG.integers(0, 10, (32, 2)).astype(np.uint16) * 4
    with chip():
        dst = new((32, 12))
        nisa.nc_n_gather(dst=dst, data=sbuf(data), indices=sbuf(where))
        np.testing.assert_array_equal(get(dst), np.take_along_axis(data, where.astype(int), 1))
        shared = new((32, 20 * 4))
        nisa.local_gather(
            dst=shared, src_buffer=sbuf(data), index=sbuf(index), num_elem_per_idx=4, num_valid_indices=20
        )
        for core in (slice(0, 16), slice(16, 32)):
            starts = index[core].T.reshape(-1)[:20]
            expected = np.concatenate([data[core, s : s + 4] for s in starts], axis=1)
            np.testing.assert_array_equal(get(shared)[core], expected)


@pytest.mark.parametrize("engine", ["tensor", "vector"])
def test_transpose(engine: str) -> None:
    x = floats(32, 20).astype(ml_dtypes.bfloat16)
    with chip():
        dst = new((20, 32), "bfloat16", nl.psum)
        nisa.nc_transpose(dst=dst, data=sbuf(x), engine=getattr(nisa.engine, engine))
        np.testing.assert_array_equal(get(dst), x.T)


@pytest.mark.parametrize("given_flag", [True, False])
def test_tiled_matmul_equals_a_plain_product(given_flag: bool) -> None:
    """Small integers are exact in every order; 8-bit penalties and bfloat16 weights share one accumulation."""
    x, w = floats(3 * 128, 64).astype(ml_dtypes.bfloat16), floats(3 * 128, 512).astype(ml_dtypes.bfloat16)
    one_hot, penalty = np.eye(64, dtype=np.float32)[:, RNG.permutation(64)], floats(64, 512) * 0
    penalty[RNG.integers(0, 2, penalty.shape) == 1] = -57344.0
    with chip():
        dst = new((64, 512), buffer=nl.psum)
        for k in range(3):
            rows = slice(k * 128, k * 128 + 128)
            flag = {"accumulate": k > 0} if given_flag else {}
            nisa.nc_matmul(dst=dst, stationary=sbuf(x[rows]), moving=sbuf(w[rows]), **flag)
        flag = {"accumulate": True} if given_flag else {}
        moving = sbuf(penalty, "float8_e5m2")
        nisa.nc_matmul(dst=dst, stationary=sbuf(one_hot, "bfloat16"), moving=moving, **flag)
        expected = x.astype(np.float32).T @ w.astype(np.float32) + one_hot.T @ penalty
        np.testing.assert_array_equal(get(dst), expected)
