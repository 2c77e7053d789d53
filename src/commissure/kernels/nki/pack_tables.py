"""The kernel's four tables: of a token, of a class, of a state, of a row; for indirect DMA or for one-hot products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.nki.executor.dtypes import NUMPY
from commissure.kernels.nki.pack_joined import BASE, RECORD, TOKENS, Joined

TOKEN_COLUMNS = 256
"""Tokens in one row of the one-hot form's token table, as the kernel reads it."""
EXACT = 2048
"""Whole numbers up to this are exact in float16, the one-hot form's type."""
DIGIT = 1024
"""A larger number is two digits of this base there."""
LARGEST = DIGIT * DIGIT - 1


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The four tables. As gathered: int32 [G * V, 1], [N, 3], [S, 8], [R, 1].

    As one-hot products (K rows a table, padded to 128s): float16 [K, 256] class of a token; [K, blocks * C] digits of
    the next state, then keeps and the digits of adds where a register counts; [K, 16] low and high digits of the
    record; [K, M] 0 or 1, which mask a row selects, or a state where none counts. `digits` is how many a state or a
    count takes, lowest first.
    """

    gather: bool
    of_token: NDArray[np.generic]
    of_class: NDArray[np.generic]
    of_state: NDArray[np.generic]
    of_row: NDArray[np.generic]
    digits: int = 1


def gather_tables(together: Joined) -> Tables:
    """As read by row gathers from HBM."""
    grammars, vocabulary = together.classes.shape
    widths = np.diff(together.starts)
    of_token = together.classes * widths[:, None] + np.array(together.offsets[:-1])[:, None]
    records = together.records.copy()
    records[:, TOKENS] *= vocabulary
    _fits("the transition table", len(together.moves), 2**31 - 1, "split the batch by grammar")
    _fits("the token table", grammars * vocabulary, 2**31 - 1, "split the batch by grammar")
    return Tables(
        True,
        of_token.reshape(-1, 1).astype(np.int32),
        together.moves.astype(np.int32),
        records.astype(np.int32),
        together.mask_of.reshape(-1, 1).astype(np.int32),
    )


def one_hot_bytes(together: Joined) -> int:
    """Per partition, what `one_hot_tables` would take, at one digit a number."""
    grammars, vocabulary = together.classes.shape
    classes = int(together.classes.max()) + 1
    states, rows = -(-together.starts[-1] // 128), -(-len(together.mask_of) // 128)
    tokens = -(-grammars * -(-vocabulary // TOKEN_COLUMNS) // 128) * TOKEN_COLUMNS
    moves = states * ((3 if together.counted else 1) * classes + 2 * RECORD)
    selected = (rows if together.counted else states) * -(-together.masks // 128) * 128
    return int(2 * (tokens + moves) + selected)


def one_hot_tables(together: Joined, select_dtype: str) -> Tables:
    """As read by products with one-hot rows; everything is resident in SBUF."""
    vocabulary = together.classes.shape[1]
    rows = -(-vocabulary // TOKEN_COLUMNS)
    classes = np.pad(together.classes, ((0, 0), (0, rows * TOKEN_COLUMNS - vocabulary)))
    records = together.records.copy()
    records[:, TOKENS] *= rows
    _fits("a class of tokens", int(classes.max()), EXACT, "give each grammar fewer classes, or gather")
    _fits("a state's record", int(records.max()), LARGEST, "split the batch by grammar, or gather")
    moves, digits = _rows_of_moves(together)
    chosen = together.mask_of if together.counted else records[:, BASE]
    select = np.zeros((len(chosen), -(-together.masks // 128) * 128), NUMPY[select_dtype])
    select[np.arange(len(chosen)), chosen] = 1
    return Tables(
        False,
        _padded(classes.reshape(-1, TOKEN_COLUMNS), np.dtype(np.float16)),
        _padded(moves, np.dtype(np.float16)),
        _padded(np.concatenate(_digits(records, 2), axis=1), np.dtype(np.float16)),
        _padded(select, select.dtype),
        digits,
    )


def _rows_of_moves(together: Joined) -> tuple[NDArray[np.int64], int]:
    """[S, blocks * C]: for each state and each number of a move, its value for every class; and how many digits."""
    widths = np.diff(together.starts)
    classes = int(together.classes.max()) + 1
    grid = np.zeros((together.starts[-1], 3, classes), np.int64)
    for number, width in enumerate(widths):
        part = together.moves[together.offsets[number] : together.offsets[number + 1]].reshape(-1, width, 3)
        first = together.starts[number]
        grid[first : first + width, :, : len(part)] = part.transpose(1, 2, 0)
    to, keeps, adds = grid[:, 0], grid[:, 1], grid[:, 2]
    most = max(int(to.max()), int(adds.max()))
    _fits("a state, or a count that a token sets,", most, LARGEST, "split the batch by grammar, or gather")
    digits = 1 if most <= EXACT else 2
    blocks = _digits(to, digits)
    if together.counted:
        blocks += [keeps, *_digits(adds, digits)]
    return np.concatenate(blocks, axis=1), digits


def _digits(values: NDArray[np.int64], digits: int) -> list[NDArray[np.int64]]:
    return [values] if digits == 1 else [values % DIGIT, values // DIGIT]


def _padded(table: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """With rows to the next multiple of 128, all zero, since a one-hot row never names them."""
    out = np.zeros((-(-len(table) // 128) * 128, table.shape[1]), dtype)
    out[: len(table)] = table
    return out


def _fits(what: str, given: int, most: int, fix: str) -> None:
    if given > most:
        raise DoesNotFit(f"{what} is {given:,}; at most {most:,} is exact on the chip: {fix}")
