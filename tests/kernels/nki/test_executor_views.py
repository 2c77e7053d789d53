"""Views, access patterns, indirect copies, and memory that was never written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.modules import wrap
from commissure.kernels.nki.executor.violations import NkiViolation, NotPortable, UninitializedRead
from tests.kernels.nki.executor_chip import chip, get, new, nisa, nl, psum, sbuf

X = np.arange(64 * 24, dtype=np.float32).reshape(64, 24)


def test_indexing_is_numpys_but_keeps_partitions() -> None:
    with chip():
        tile = sbuf(X.reshape(64, 4, 6))
        cube = X.reshape(64, 4, 6)
        for key in [(slice(0, 32), 1), (slice(32, 64), slice(1, 3), slice(0, 6, 2)), (..., 5), (0, -1, 2)]:
            np.testing.assert_array_equal(get(tile[key]).ravel(), cube[key].ravel())
        assert tile[0, 1, 2].shape == (1, 1)
        assert tile[:, 0].shape == (64, 6)
        assert tile[nl.ds(32, 32), 0, 0].shape == (32, 1)
        assert wrap(X, "x")[3].shape == (24,)


@given(st.data())
def test_any_slice_of_any_tensor_is_numpys(data: st.DataObject) -> None:
    shape = (32, *data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)))
    key: list[Any] = [data.draw(st.sampled_from([slice(None), slice(0, 7), ...]))]
    for size in shape[1:] if key[0] is not ... else ():
        start = data.draw(st.integers(0, size - 1))
        stop = data.draw(st.integers(start + 1, size))
        key.append(data.draw(st.sampled_from([slice(start, stop), slice(start, stop, 2), start, start - size])))
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    with chip():
        view = sbuf(values)[tuple(key)]
        np.testing.assert_array_equal(get(view).ravel(), values[tuple(key)].ravel())
        again = sbuf(values).ap(pattern=view.get_pattern(), offset=view.offset)
        np.testing.assert_array_equal(get(again), get(view))
        nisa.memset(dst=view, value=-1.0)
        box, kept = view.operand(), values.copy()
        kept[tuple(key)] = -1.0
        changed = kept.reshape(32, -1) != values.reshape(32, -1)
        rows, columns = np.nonzero(changed)
        assert (box.low, box.high) == ((rows.min(), columns.min() * 4), (rows.max() + 1, columns.max() * 4 + 4))


def test_views_share_memory() -> None:
    with chip():
        tile = sbuf(X)
        nisa.memset(dst=tile.reshape((64, 4, 6))[:, 1], value=0.0)
        nisa.memset(dst=tile.view("uint32")[:, 0:1], value=0)
        expected = X.copy()
        expected[:, 6:12] = 0
        expected[:, 0] = 0
        np.testing.assert_array_equal(get(tile), expected)
        halves = tile.view("uint16")
        assert halves.shape == (64, 48)
        np.testing.assert_array_equal(get(halves), expected.view(np.uint16))


def test_pattern_broadcasts_by_step_zero() -> None:
    with chip():
        tile, dst = sbuf(X), new((64, 3, 8))
        nisa.tensor_copy(dst=dst, src=tile.ap(pattern=[[24, 64], [0, 3], [2, 8]], offset=1))
        np.testing.assert_array_equal(get(dst), np.repeat(X[:, None, 1:17:2], 3, axis=1))


def test_rows_by_index_are_gathered_and_scattered() -> None:
    rows = np.array([[5], [63], [0], [5]], np.int32)
    with chip():
        index, taken = sbuf(rows), new((4, 24))
        nisa.dma_copy(dst=taken, src=wrap(X, "x").ap(pattern=[[24, 4], [1, 24]], vector_offset=index, indirect_dim=0))
        np.testing.assert_array_equal(get(taken), X[rows[:, 0]])
        table = wrap(X.copy(), "table")
        some = table.ap(pattern=[[24, 4], [1, 8]], offset=2, vector_offset=index, indirect_dim=0)
        nisa.dma_copy(dst=some, src=sbuf(-X[:4, :8]))
        expected = X.copy()
        expected[rows[:, 0], 2:10] = -X[:4, :8]
        np.testing.assert_array_equal(get(table), expected)


def test_an_index_outside_is_an_error_or_skipped() -> None:
    with chip():
        index, taken = sbuf(np.array([[1], [64]], np.int32)), sbuf(np.zeros((2, 24), np.float32))
        src = wrap(X, "x").ap(pattern=[[24, 2], [1, 24]], vector_offset=index, indirect_dim=0)
        with pytest.raises(NkiViolation, match=r"0\.\.63.*index 64"):
            nisa.dma_copy(dst=taken, src=src)
        nisa.dma_copy(dst=taken, src=src, oob_mode=nisa.oob_mode.skip)
        np.testing.assert_array_equal(get(taken), np.stack([X[1], X[0] * 0]))


def test_scalar_offset_moves_the_pattern() -> None:
    with chip():
        at, block = sbuf(np.array([[3]], np.int32)), new((64, 4))
        tile = sbuf(X).reshape((64, 6, 4))
        nisa.tensor_copy(dst=block, src=tile.ap(pattern=[[24, 64], [1, 4]], scalar_offset=at, indirect_dim=1))
        np.testing.assert_array_equal(get(block), X[:, 12:16])


def test_memory_that_was_never_written_cannot_be_read() -> None:
    with chip():
        tile, other = new((64, 24)), new((64, 24))
        nisa.memset(dst=tile[:, 0:23], value=0.0)
        with pytest.raises(UninitializedRead, match=r"\(0, 23\) of \(64, 24\)"):
            nisa.tensor_copy(dst=other, src=tile)
        nisa.tensor_copy(dst=other[:, 0:23], src=tile[:, 0:23])
        assert np.isnan(access.raw(other)[:, 23]).all()
        assert (access.raw(new((2, 2), "uint8")) == 0xA5).all()


def test_a_predicated_copy_leaves_the_rest_unwritten() -> None:
    with chip():
        dst, predicate = new((1, 4)), np.array([[1, 0, 1, 1]], np.uint8)
        nisa.tensor_copy_predicated(dst=dst, src=2.0, predicate=sbuf(predicate))
        assert get(dst[:, 2:4]).tolist() == [[2, 2]]
        with pytest.raises(UninitializedRead):
            get(dst)


def test_memory_is_given_back_when_a_tensor_is_let_go() -> None:
    with chip("inf2", numeric=False) as machine:
        for _ in range(4):
            tile = new((128, 12 * 1024))
        assert machine.allocator.sbuf == 48 * 1024
        assert machine.allocator.sbuf_peak == 2 * 48 * 1024
        banks = [new((64, 512), buffer=nl.psum) for _ in range(8)]
        with pytest.raises(NkiViolation, match="PSUM holds 16384"):
            new((64, 1), buffer=nl.psum)
        banks.pop()
        assert new((64, 256), buffer=nl.psum).shape == (64, 256)
        del tile
        assert machine.allocator.sbuf == 0


def test_small_psum_tiles_share_a_bank_and_large_ones_take_whole_banks() -> None:
    with chip(numeric=False) as machine:
        small = [new((64, 100), buffer=nl.psum) for _ in range(5)]
        large = new((64, 1025), buffer=nl.psum)
        assert machine.allocator.psum_peak == 5 * 400 + 3 * 2048
        del small, large


@pytest.mark.parametrize("name", ["slice", "permute", "broadcast", "select", "indirect", "T"])
def test_later_views_are_not_portable(name: str) -> None:
    with chip():
        tile = sbuf(X)
        assert not hasattr(tile, name)
        with pytest.raises(NotPortable, match=name):
            getattr(tile, name)


def test_operands_of_the_trace_are_boxes() -> None:
    with chip(numeric=False) as machine:
        tile = new((128, 64), "bfloat16")
        nisa.memset(dst=tile[64:128, 8:16], value=0.0)
        nisa.memset(dst=tile[:, 0:64:2], value=0.0)
        dense, strided = (instruction.writes[0] for instruction in machine.instructions)
        assert (dense.low, dense.high, dense.contiguous) == ((64, 16), (128, 32), True)
        assert (strided.low, strided.high, strided.contiguous) == ((0, 0), (128, 126), False)
        assert dense.overlaps(strided)


def test_a_dry_run_traces_what_a_numeric_one_does() -> None:
    traces: list[Any] = []
    for numeric in (False, True):
        with chip(numeric=numeric) as machine:
            tile, out = sbuf(X), new((64, 8))
            nisa.max8(dst=out, src=tile)
            nisa.tensor_scalar(dst=out, data=psum(X)[:, 0:8], op0=nl.add, operand0=1.0, op1=nl.maximum, operand1=0.0)
            traces.append(machine.trace())
    assert traces[0] == traces[1]
    assert traces[0].instructions[-1].facts["ops"] == 2
