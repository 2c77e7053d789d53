"""Each limit of the chip is violated once, and told with what to change."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.kernels.nki.executor.modules import wrap
from commissure.kernels.nki.executor.violations import NkiViolation
from tests.kernels.nki.executor_chip import chip, new, nisa, nl, sbuf

Breach = Callable[[], object]
V2, V3 = "inf2", "trn2"


def tile(*shape: int, dtype: str = "float32", space: str = "sbuf", value: float = 1) -> Any:
    made = new(shape, dtype, getattr(nl, space))
    nisa.memset(dst=made, value=value)
    return made


def ps(*shape: int) -> Any:
    return tile(*shape, space="psum")


def hbm(*shape: int) -> Any:
    return wrap(np.ones(shape, np.float32), "x")


def product(m: int = 8, k: int = 8, n: int = 8, dst: Any = None, rows: int = 0, **kinds: str) -> None:
    nisa.nc_matmul(
        dst=dst if dst is not None else new((m, n), buffer=nl.psum),
        stationary=tile(k, m, dtype=kinds.get("left", "bfloat16")),
        moving=tile(rows or k, n, dtype=kinds.get("right", "bfloat16")),
    )


def nan_tile() -> Any:
    return tile(8, 8, value=float("nan"))


BREACHES: dict[str, tuple[str, Breach, str]] = {
    "partitions": (V2, lambda: tile(129, 4), "at most 128 partitions"),
    "one axis": (V2, lambda: new((128,)), r"at least \[partitions, free\]"),
    "buffer by name": (V2, lambda: nl.ndarray((2, 2), dtype=nl.float32, buffer="sbuf"), "not a string"),
    "dtype": (V2, lambda: new((2, 2), "float23"), "Did you mean 'float32'"),
    "SBUF": (V2, lambda: tile(1, 48 * 1024 + 1), "SBUF of inf2 holds 196608"),
    "PSUM": (V2, lambda: new((1, 4097), buffer=nl.psum), "PSUM holds 16384"),
    "start of 33": (V2, lambda: nisa.memset(dst=tile(128, 4)[32:65], value=0), "starts at 0 or 64"),
    "start of 65": (V2, lambda: nisa.memset(dst=tile(128, 4)[1:66], value=0), "starts at 0"),
    "start of 32": (V2, lambda: nisa.memset(dst=tile(128, 4)[8:40], value=0), "0 or 32 or 64 or 96"),
    "stride of partitions": (V2, lambda: tile(128, 4)[0:64:2], "no stride"),
    "pattern of partitions": (V2, lambda: tile(128, 4).ap(pattern=[[8, 64], [1, 4]]), "first pair"),
    "pattern beyond": (V2, lambda: tile(128, 4).ap(pattern=[[4, 128], [2, 4]]), "holds 4 elements"),
    "pattern of a view": (V2, lambda: tile(128, 4)[:, 1:].ap(pattern=[[4, 128], [1, 1]]), "on the tensor itself"),
    "slice beyond": (V2, lambda: tile(128, 4)[:, 0:5], "axis 1 has 4"),
    "elements in SBUF": (V3, lambda: tile(1, 65537, dtype="uint8"), "at most 65536 elements"),
    "elements in PSUM": (V2, lambda: tile(1, 4097, dtype="uint8", space="psum"), "at most 4096 elements"),
    "rank": (V2, lambda: tile(1, 1, 1, 1, 1, 1), "at most four others"),
    "not a tensor": (
        V2,
        lambda: nisa.tensor_copy(dst=tile(2, 2), src=np.ones((2, 2))),
        "must be a tensor; given: ndarray",
    ),
    "HBM by the vector engine": (V2, lambda: nisa.tensor_copy(dst=tile(2, 2), src=hbm(2, 2)), "SBUF or PSUM"),
    "PSUM by GpSimd": (V2, lambda: nisa.iota(dst=new((2, 2), buffer=nl.psum), pattern=[[1, 2]]), "gpsimd"),
    "PSUM by DMA": (V2, lambda: nisa.dma_copy(dst=hbm(2, 2), src=ps(2, 2)), "HBM or SBUF"),
    "DMA of other size": (V2, lambda: nisa.dma_copy(dst=tile(2, 2), src=hbm(2, 3)), "as many elements"),
    "extents": (V2, lambda: nisa.tensor_copy(dst=tile(2, 2), src=tile(2, 3)), "2 x 2; given: 2 x 3"),
    "both in PSUM": (
        V2,
        lambda: nisa.tensor_tensor(dst=tile(2, 2), data1=ps(2, 2), data2=ps(2, 2), op=nl.add),
        "at most one input",
    ),
    "engine": (V2, lambda: nisa.memset(dst=new((2, 2)), value=0, engine=nisa.engine.tensor), "vector or gpsimd"),
    "engine by number": (V2, lambda: nisa.memset(dst=new((2, 2)), value=0, engine=5), "member of nisa.engine"),
    "scalar copy on v2": (
        V2,
        lambda: nisa.tensor_copy(dst=tile(2, 2), src=tile(2, 2), engine=nisa.engine.scalar),
        "activation",
    ),
    "hardware DGE on v2": (
        V2,
        lambda: nisa.dma_copy(dst=tile(2, 2), src=hbm(2, 2), dge_mode=nisa.dge_mode.hwdge),
        "v3 on",
    ),
    "hardware DGE converts": (
        V3,
        lambda: nisa.dma_copy(dst=tile(2, 2, dtype="bfloat16"), src=hbm(2, 2), dge_mode=nisa.dge_mode.hwdge),
        "one dtype",
    ),
    "value of memset": (V2, lambda: nisa.memset(dst=new((2, 2), "int32"), value=1.0), "int32 can hold"),
    "range of memset": (V2, lambda: nisa.memset(dst=new((2, 2), "uint8"), value=256), "uint8 can hold"),
    "bits of floats": (
        V2,
        lambda: nisa.tensor_scalar(dst=tile(2, 2), data=tile(2, 2), op0=nl.bitwise_and, operand0=1),
        "integers of one width",
    ),
    "bits and sums": (
        V2,
        lambda: nisa.tensor_scalar(
            dst=tile(2, 2, dtype="int32"),
            data=tile(2, 2, dtype="int32"),
            op0=nl.bitwise_and,
            operand0=1,
            op1=nl.add,
            operand1=1,
        ),
        "both arithmetic",
    ),
    "operand dtype": (
        V2,
        lambda: nisa.tensor_scalar(dst=tile(2, 2), data=tile(2, 2), op0=nl.add, operand0=tile(2, 1, dtype="int32")),
        "operand0 is of float32",
    ),
    "operand shape": (
        V2,
        lambda: nisa.tensor_scalar(dst=tile(2, 2), data=tile(2, 2), op0=nl.add, operand0=tile(2, 2)),
        r"\(2, 1\)",
    ),
    "no operator": (V2, lambda: nisa.tensor_scalar(dst=tile(2, 2), data=tile(2, 2), op0="add", operand0=1.0), "nl.add"),
    "operator called": (V2, lambda: nl.add(tile(2, 2), tile(2, 2)), "op=nl.add"),
    "operator of arithmetic": (V2, lambda: tile(2, 2) + tile(2, 2), "tensor_tensor"),
    "unknown name": (V2, lambda: nisa.tensor_copyy, "Did you mean 'tensor_copy'"),
    "reduced partitions": (
        V2,
        lambda: nisa.tensor_reduce(dst=tile(1, 2), op=nl.add, data=tile(2, 2), axis=0),
        "axis 0",
    ),
    "reduction by compare": (
        V2,
        lambda: nisa.tensor_reduce(dst=tile(2, 1), op=nl.equal, data=tile(2, 2), axis=1),
        "not every operator",
    ),
    "predicate dtype": (
        V2,
        lambda: nisa.tensor_copy_predicated(dst=tile(2, 2), src=tile(2, 2), predicate=tile(2, 2)),
        "uint8",
    ),
    "selected dtype": (
        V2,
        lambda: nisa.select_reduce(
            dst=tile(2, 2), predicate=tile(2, 2, dtype="uint8"), on_true=tile(2, 2, dtype="int32"), on_false=0.0
        ),
        "on_true is of",
    ),
    "result of idle": (
        V2,
        lambda: nisa.select_reduce(
            dst=tile(2, 2),
            predicate=tile(2, 2, dtype="uint8"),
            on_true=tile(2, 2),
            on_false=0.0,
            reduce_res=tile(2, 1),
        ),
        "idle",
    ),
    "rows of max8": (V2, lambda: nisa.max8(dst=tile(2, 8), src=tile(2, 7)), "from 8 to 16384"),
    "long rows of max8": (V2, lambda: nisa.max8(dst=tile(2, 8), src=tile(2, 16385)), "from 8 to 16384"),
    "eight": (V2, lambda: nisa.max8(dst=tile(2, 4), src=tile(2, 9)), r"\[2, 8\]"),
    "index dtype": (
        V2,
        lambda: nisa.nc_find_index8(dst=tile(2, 8), data=tile(2, 8), vals=tile(2, 8)),
        "uint16 or uint32",
    ),
    "contraction": (V2, lambda: product(k=64, rows=32), "contraction"),
    "stationary": (V2, lambda: product(m=129, dst=new((128, 8), buffer=nl.psum)), "at most 128 columns"),
    "moving": (V2, lambda: product(n=513, dst=new((8, 513), buffer=nl.psum)), "at most 512 columns"),
    "bank": (V2, lambda: product(n=64, dst=new((8, 1024), buffer=nl.psum)[:, 500:564]), "one PSUM bank"),
    "result in SBUF": (V2, lambda: product(dst=new((8, 8))), "dst of the tensor engine lies in PSUM"),
    "result dtype": (V2, lambda: product(dst=new((8, 8), "bfloat16", nl.psum)), "float32"),
    "operand in PSUM": (
        V2,
        lambda: nisa.nc_matmul(dst=new((8, 8), buffer=nl.psum), stationary=ps(8, 8), moving=tile(8, 8)),
        "SBUF",
    ),
    "float32 with another": (V2, lambda: product(left="float32"), "float32 only"),
    "integers multiplied": (V2, lambda: product(left="int32", right="int32"), "stationary is of"),
    "matmul onto memset": (V2, lambda: product(dst=ps(8, 8)), "what matmuls wrote"),
    "matmul onto nothing": (
        V3,
        lambda: nisa.nc_matmul(
            dst=new((8, 8), buffer=nl.psum), stationary=tile(8, 8), moving=tile(8, 8), accumulate=True
        ),
        "never written",
    ),
    "large transpose": (V2, lambda: nisa.nc_transpose(dst=tile(33, 8), data=tile(8, 33)), "32 x 32"),
    "NaN transposed on v2": (
        V2,
        lambda: nisa.nc_transpose(dst=new((8, 8), buffer=nl.psum), data=nan_tile()),
        "finite low value",
    ),
    "integers transposed on v2": (
        V2,
        lambda: nisa.nc_transpose(dst=new((8, 8), "int32", nl.psum), data=tile(8, 8, dtype="int32")),
        "data is of",
    ),
    "count of iota": (V2, lambda: nisa.iota(dst=tile(2, 5), pattern=[[1, 4]], offset=0), "5 elements"),
    "index of gather": (
        V2,
        lambda: nisa.nc_n_gather(dst=tile(2, 1), data=tile(2, 4), indices=tile(2, 1, dtype="uint32", value=4)),
        r"0\.\.3",
    ),
    "groups of 16": (
        V2,
        lambda: nisa.local_gather(dst=tile(8, 16), src_buffer=tile(8, 9), index=tile(8, 1, dtype="uint16")),
        "multiple of 16",
    ),
    "scalar bias on v2": (
        V2,
        lambda: nisa.activation(dst=tile(2, 2), op=nl.exp, data=tile(2, 2), bias=1.0),
        "memset a",
    ),
    "log of zero": (
        V2,
        lambda: nisa.activation(dst=tile(2, 2), op=nl.log, data=tile(2, 2, value=0)),
        "within",
    ),
    "function": (V2, lambda: nisa.activation(dst=tile(2, 2), op=nl.maximum, data=tile(2, 2)), "op is one of"),
    "vector offset in SBUF": (
        V2,
        lambda: tile(4, 4).ap(pattern=[[4, 4], [1, 4]], vector_offset=sbuf(np.zeros((4, 1), np.int32))),
        "HBM",
    ),
    "float offset": (V2, lambda: hbm(4, 4).ap(pattern=[[4, 1], [1, 4]], scalar_offset=tile(1, 1)), "integer"),
    "reshaped partitions": (V2, lambda: tile(8, 4).reshape((4, 8)), "partition axis stays"),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_told(name: str) -> None:
    target, breach, message = BREACHES[name]
    with chip(target), pytest.raises(UsageError, match=message) as caught:
        breach()
    if isinstance(caught.value, NkiViolation):
        assert all((caught.value.op, caught.value.limit, caught.value.given, caught.value.fix))
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


ALLOWED: dict[str, tuple[str, Breach]] = {
    "scalar copy on v3": (V3, BREACHES["scalar copy on v2"][1]),
    "NaN transposed on v3": (V3, BREACHES["NaN transposed on v2"][1]),
    "scalar bias on v3": (V3, BREACHES["scalar bias on v2"][1]),
    "matmul onto memset on v4": ("trn3", BREACHES["matmul onto memset"][1]),
    "more SBUF on v3": (V3, BREACHES["SBUF"][1]),
    "64 from 64": (V2, lambda: nisa.memset(dst=tile(128, 4)[64:128], value=0)),
    "32 from 96": (V2, lambda: nisa.memset(dst=tile(128, 4)[96:128], value=0)),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_limit_spares(name: str) -> None:
    target, act = ALLOWED[name]
    with chip(target):
        act()


def test_instructions_need_a_running_kernel() -> None:
    with pytest.raises(UsageError, match="no NKI kernel is running"):
        new((2, 2))
