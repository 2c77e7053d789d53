"""The kernel's four tables: of a token, of a class, of a state, of a row; for indirect DMA or for one-hot products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.errors import DoesNotFit

if TYPE_CHECKING:
    from commissure.kernels.nki.pack import GrammarArrays

TOKENS, LOCAL, BASE, FIRST_CLIP = 0, 1, 2, 3
"""Columns of a state's record: where its grammar's tokens begin, its number in its grammar, its row, four clips."""
RECORD = 8
TOKEN_COLUMNS = 512
"""Tokens in one row of the one-hot form's token table: one PSUM bank of fp32."""
EXACT = 2048
"""Whole numbers up to this are exact in float16, the one-hot form's type."""
DIGIT = 1024
"""A larger number is two digits of this base there."""
LARGEST = DIGIT * DIGIT - 1


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """All grammars in one numbering. Rows of `moves` [N, 3] are (next state, keeps, adds), at `offset` + class * S + s.

    `classes` [G, V]; `offsets`, `widths` [G]; `records` [S, 8] int64; `mask_of` [R]; `allowed` [M, V] bool.
    """

    classes: NDArray[np.int64]
    moves: NDArray[np.int64]
    offsets: tuple[int, ...]
    starts: tuple[int, ...]
    records: NDArray[np.int64]
    mask_of: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    counted: bool

    @property
    def masks(self) -> int:
        """M."""
        return len(self.allowed)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The four tables. As gathered: int32 [G * V, 1], [N, 3], [S, 8], [R, 1].

    As one-hot products (K rows a table, padded to 128s): float16 [K, 512] class of a token; [K, blocks * C] digits of
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


def joined(grammars: Sequence[GrammarArrays]) -> Joined:
    """Grammars one after the other, each with one more state, "free", that allows all and stays."""
    vocabulary = grammars[0].allowed.shape[1]
    counted = any(grammar.keeps is not None for grammar in grammars)
    starts, offsets, first_row, first_mask = [0], [0], 0, 0
    moves, records, mask_of, allowed = [], [], [], []
    for number, grammar in enumerate(grammars):
        moves.append(_moves(grammar, starts[-1]).reshape(-1, 3))
        records.append(_records(grammar, number, first_row))
        mask_of.append(np.append(grammar.mask_of, len(grammar.allowed)) + first_mask)
        allowed.append(np.concatenate([_live(grammar), np.ones((1, vocabulary), np.bool_)]))
        starts.append(starts[-1] + grammar.states + 1)
        offsets.append(offsets[-1] + len(moves[-1]))
        first_row += len(mask_of[-1])
        first_mask += len(allowed[-1])
    used, unique = _distinct(np.concatenate(mask_of), np.concatenate(allowed))
    table = np.concatenate(records)
    if not counted:
        # Without a register a state has one row, so that the record can name the mask itself.
        table[:, BASE] = used[table[:, BASE]]
    classes = np.stack([grammar.class_of.astype(np.int64) for grammar in grammars])
    return Joined(classes, np.concatenate(moves), tuple(offsets), tuple(starts), table, used, unique, counted)


def _moves(grammar: GrammarArrays, start: int) -> NDArray[np.int64]:
    """[C, S + 1, 3]."""
    classes, states = grammar.next.shape
    move = np.zeros((classes, states + 1, 3), np.int64)
    move[:, :states, 0] = grammar.next
    move[:, states, 0] = states
    move[:, :, 0] += start
    move[:, :, 1] = 1
    if grammar.keeps is not None and grammar.adds is not None:
        move[:, :states, 1] = grammar.keeps
        move[:, :states, 2] = grammar.adds
    return move


def _records(grammar: GrammarArrays, number: int, first_row: int) -> NDArray[np.int64]:
    states = grammar.states
    record = np.zeros((states + 1, RECORD), np.int64)
    record[:, TOKENS] = number
    record[:, LOCAL] = np.arange(states + 1)
    # What has no row never occurs while masks are kept; there, a text can only end.
    bare = grammar.base < 0
    record[:states, BASE] = np.where(bare, grammar.base[-1], grammar.base) + first_row
    record[states, BASE] = len(grammar.mask_of) + first_row
    if grammar.clips is not None:
        record[:states, FIRST_CLIP : FIRST_CLIP + 4] = np.where(bare, 0, np.clip(grammar.clips, 0, LARGEST)).T
    return record


def _live(grammar: GrammarArrays) -> NDArray[np.bool_]:
    """The masks; one that allows nothing lets the text end, so that no arg-max is over nothing."""
    masks = grammar.allowed.copy()
    masks[~masks.any(axis=1)] = masks[grammar.mask_of[grammar.base[-1]]]
    return masks


def _distinct(mask_of: NDArray[np.int64], allowed: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows with equal masks share one; masks that no row names are left out."""
    first: dict[bytes, int] = {}
    number = np.zeros(len(allowed), np.int64)
    kept: list[int] = []
    for mask in np.unique(mask_of):
        key = np.packbits(allowed[mask]).tobytes()
        if key not in first:
            first[key] = len(kept)
            kept.append(int(mask))
        number[mask] = first[key]
    return number[mask_of], allowed[kept]


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


def one_hot_tables(together: Joined, select_dtype: str) -> Tables:
    """As read by products with one-hot rows; everything is resident in SBUF."""
    from commissure.kernels.nki.pack import dtype_of

    vocabulary = together.classes.shape[1]
    rows = -(-vocabulary // TOKEN_COLUMNS)
    classes = np.pad(together.classes, ((0, 0), (0, rows * TOKEN_COLUMNS - vocabulary)))
    records = together.records.copy()
    records[:, TOKENS] *= rows
    _fits("a class of tokens", int(classes.max()), EXACT, "give each grammar fewer classes, or gather")
    _fits("a state's record", int(records.max()), LARGEST, "split the batch by grammar, or gather")
    moves, digits = _rows_of_moves(together)
    chosen = together.mask_of if together.counted else records[:, BASE]
    select = np.zeros((len(chosen), -(-together.masks // 128) * 128), dtype_of(select_dtype))
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


def _padded(table: NDArray[np.generic], dtype: np.dtype) -> NDArray[np.generic]:
    """With rows to the next multiple of 128, all zero, since a one-hot row never names them."""
    out = np.zeros((-(-len(table) // 128) * 128, table.shape[1]), dtype)
    out[: len(table)] = table
    return out


def _fits(what: str, given: int, most: int, fix: str) -> None:
    if given > most:
        raise DoesNotFit(f"{what} is {given:,}; at most {most:,} is exact on the chip: {fix}")
