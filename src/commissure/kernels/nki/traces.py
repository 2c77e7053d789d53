"""Traces of the fused kernel at any size, without numbers: with its constraint, and without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.nki.executor.dtypes import NUMPY
from commissure.kernels.nki.executor.launch import ArraySpec
from commissure.kernels.nki.loader import load_kernel
from commissure.kernels.nki.pack import Pack
from commissure.kernels.nki.pack_budget import Plan, plan
from commissure.kernels.nki.pack_joined import RECORD
from commissure.kernels.nki.pack_tables import EXACT, TOKEN_COLUMNS, Tables
from commissure.kernels.nki.trace import Trace

MODULE = "commissure.kernels.nki.constrained_decode"


@dataclass(frozen=True, slots=True)
class Case:
    """One core's share of T `steps`: `vocabulary` / `shards` columns of an lm_head of `hidden` rows, for `batch`."""

    vocabulary: int = 128_256
    hidden: int = 4096
    batch: int = 1
    steps: int = 3
    shards: int = 1
    target: str = "inf2"
    sampled: bool = False


def blank_pack(
    vocabulary: int,
    *,
    masks: int,
    states: int,
    classes: int,
    grammars: int = 1,
    rows: int = 0,
    gather: bool = False,
    penalty_dtype: str = "float8_e5m2",
) -> Pack:
    """A pack of these sizes that takes no memory; `rows` > 0 with a length register. Numbers are all 0."""
    kind, half = NUMPY[penalty_dtype], np.dtype(np.float16)
    digits = 1 if states <= EXACT else 2
    blocks = digits + (1 + digits if rows else 0)
    if gather:
        whole = np.dtype(np.int32)
        tables = Tables(
            True,
            _blank((grammars * vocabulary, 1), whole),
            _blank((classes * states, 3), whole),
            _blank((states, RECORD), whole),
            _blank((max(rows, 1), 1), whole),
        )
    else:
        tables = Tables(
            False,
            _blank((_padded(grammars * -(-vocabulary // TOKEN_COLUMNS)), TOKEN_COLUMNS), half),
            _blank((_padded(states), blocks * classes), half),
            _blank((_padded(states), 2 * RECORD), half),
            _blank((_padded(rows or states), _padded(masks)), kind),
            digits,
        )
    return Pack(_blank((masks, vocabulary), kind), tables, (0, states), rows > 0)


def constrained_trace(packed: Pack, case: Case) -> tuple[Trace, Plan]:
    """What the fused kernel does, and its plan. Raises DoesNotFit, UsageError, NkiViolation."""
    fits = plan(packed, case.hidden, case.batch, case.target, sampled=case.sampled, shards=case.shards)
    tables = packed.tables
    column = ArraySpec((case.batch, 1), "int32")
    trace = load_kernel(MODULE, case.target, "constrained_decode").trace(
        *_inputs(packed, case)[:2],
        ArraySpec((packed.masks, fits.columns), packed.penalty.dtype.name),
        *_inputs(packed, case)[2:],
        column,
        column,
        *(_spec(table) for table in (tables.of_token, tables.of_class, tables.of_state, tables.of_row)),
        gather=packed.gather,
        counted=packed.counted,
        digits=tables.digits,
        sampled=case.sampled,
        resident=fits.resident,
        depth=fits.depth,
    )
    return trace, fits


def unconstrained_trace(packed: Pack, case: Case) -> Trace:
    """What the same decode does without masks, with as many slots for W as the constrained one has."""
    fits = plan(packed, case.hidden, case.batch, case.target, sampled=case.sampled, shards=case.shards)
    kernel = load_kernel(MODULE, case.target, "unconstrained_decode")
    return kernel.trace(*_inputs(packed, case), sampled=case.sampled, depth=fits.depth)


def _inputs(packed: Pack, case: Case) -> tuple[ArraySpec, ...]:
    """Hidden states, weights, noise, temperature."""
    if case.hidden % 128 or case.hidden < 128:
        raise UsageError(f"the hidden size is {case.hidden}; it must be a multiple of 128")
    if not 1 <= case.batch <= 128:
        raise UsageError(f"the batch is {case.batch}; from 1 to 128 sequences fit the partitions")
    columns = -(-packed.vocabulary // case.shards)
    return (
        ArraySpec((case.steps * 128, case.hidden // 128 * case.batch), "bfloat16"),
        ArraySpec((case.hidden, columns), "bfloat16"),
        ArraySpec((case.steps * case.batch, columns) if case.sampled else (1, 8), "float32"),
        ArraySpec((case.batch, 1), "float32"),
    )


def _spec(array: NDArray[Any]) -> ArraySpec:
    return ArraySpec(array.shape, array.dtype.name)


def _blank(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.broadcast_to(np.zeros((), dtype), shape)


def _padded(rows: int) -> int:
    return -(-rows // 128) * 128
