"""Masks applied to logits: each row in its least form, so that few tokens are touched where few can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.tables.rows import BITMAP, COMPLEMENT, IDS, Rows, unpacked

Floats = NDArray[np.floating]


def apply_rows(masks: Rows, rows: NDArray[np.int32], logits: Floats) -> None:
    """Writes -inf over the logits [B, >= V] of all tokens that the rows [B] do not allow, in place.

    Columns beyond the vocabulary, as padded models have them, become -inf too. Raises UsageError if shapes disagree.
    """
    _check(masks, rows, logits)
    logits[:, masks.size :] = -np.inf
    form = masks.form[rows]
    few, most, many = (np.flatnonzero(form == kind) for kind in (IDS, COMPLEMENT, BITMAP))
    if len(few):
        sequence, ids, _ = _listed(masks, rows, few)
        kept = logits[sequence, ids]
        logits[few] = -np.inf
        logits[sequence, ids] = kept
    if len(most):
        sequence, ids, _ = _listed(masks, rows, most)
        logits[sequence, ids] = -np.inf
    if len(many):
        refused = unpacked(~masks.packed[rows[many]], masks.size)
        if len(many) == len(rows):
            np.copyto(logits[:, : masks.size], -np.inf, where=refused)
        else:
            part = logits[many]
            np.copyto(part[:, : masks.size], -np.inf, where=refused)
            logits[many] = part


def best_tokens(masks: Rows, rows: NDArray[np.int32], logits: Floats) -> NDArray[np.intp]:
    """The allowed token with the highest logit, the lowest of equal ones, for each row [B]; -1 where none is allowed.

    `logits` [B, >= V], not NaN, are left as they are. Rows of few tokens look at these only; in others the best of all
    tokens is mostly allowed, and only where it is not the row is masked.
    """
    _check(masks, rows, logits)
    best = np.full(len(rows), -1, np.intp)
    listed = masks.form[rows] == IDS
    few = np.flatnonzero(listed & (rows != 0))
    if len(few):
        sequence, ids, begins = _listed(masks, rows, few)
        values = logits[sequence, ids]
        highest = np.maximum.reduceat(values, begins)
        lengths = np.diff(np.append(begins, len(values)))
        at = np.flatnonzero(values == np.repeat(highest, lengths))
        best[few] = ids[at[np.searchsorted(at, begins)]]
    rest = np.flatnonzero(~listed)
    if len(rest):
        part = logits[:, : masks.size] if len(rest) == len(rows) else logits[rest, : masks.size]
        best[rest] = _best_of_most(masks, rows[rest], part)
    return best


def _best_of_most(masks: Rows, rows: NDArray[np.int32], logits: Floats) -> NDArray[np.intp]:
    best: NDArray[np.intp] = logits.argmax(axis=1)
    wrong = np.flatnonzero(masks.packed[rows, best >> 5] >> (best & 31).astype(np.uint32) & 1 == 0)
    if len(wrong):
        allowed = unpacked(masks.packed[rows[wrong]], masks.size)
        masked = np.where(allowed, logits[wrong], -np.inf)
        again = masked.argmax(axis=1)
        # Where every allowed logit is -inf, the first allowed token.
        fits = allowed[np.arange(len(wrong)), again]
        best[wrong] = np.where(fits, again, allowed.argmax(axis=1))
    return best


def _listed(
    masks: Rows, rows: NDArray[np.int32], which: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The listed ids of these rows one after the other: the sequence of each, the id; and where each row begins."""
    begin = masks.begin[rows[which]]
    lengths = masks.begin[rows[which] + 1] - begin
    begins = np.cumsum(lengths) - lengths
    place = np.arange(lengths.sum()) + np.repeat(begin - begins, lengths)
    return np.repeat(which, lengths), masks.data[place].astype(np.intp), begins


def _check(masks: Rows, rows: NDArray[np.int32], logits: Floats) -> None:
    if logits.ndim != 2 or logits.shape[0] != len(rows) or logits.shape[1] < masks.size:
        raise UsageError(
            f"logits of shape {logits.shape} for {len(rows)} rows of {masks.size:,} tokens; "
            f"give ({len(rows)}, {masks.size} or more)"
        )
