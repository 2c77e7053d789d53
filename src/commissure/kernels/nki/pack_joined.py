"""All grammars of a batch in one numbering of states, rows and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.nki.pack_arrays import GrammarArrays

TOKENS, LOCAL, BASE, FIRST_CLIP = 0, 1, 2, 3
"""Columns of a state's record: its grammar's number, its number in its grammar, its row, four clips."""
RECORD = 8
MOST_COUNT = 2**20 - 1
"""Counts are told apart up to this; no string of a model's context is longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """All grammars in one numbering. Rows of `moves` [N, 3] are (next state, keeps, adds), at `offset` + class * S + s.

    `classes` [G, V]; `offsets`, `starts` [G + 1]; `records` [S, 8] int64; `mask_of` [R]; `allowed` [M, V] bool.
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
        record[:states, FIRST_CLIP : FIRST_CLIP + 4] = np.where(bare, 0, np.clip(grammar.clips, 0, MOST_COUNT)).T
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
