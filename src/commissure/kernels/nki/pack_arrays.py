"""What the kernel needs of one grammar, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.tables.rows import unpacked
from commissure.kernels.grammar.tables.table import TokenTables

LEAST_TOKENS = 8
"""What VectorE's search for the largest eight takes at least."""
MOST_TOKENS = 2**23
"""Token numbers pass through fp32."""


@dataclass(frozen=True, slots=True, eq=False)
class GrammarArrays:
    """One grammar over V tokens: C classes of tokens, S states, R rows, U masks. As TokenTables has them.

    State 0 refuses, 1 starts, the last is "ended": end tokens lead there, and no other is allowed there. `class_of`
    [V]; `next` [C, S]; `base` [S] is the row of a state, or negative where none of its tokens is ever reached;
    `mask_of` [R] the mask of a row; `allowed` [U, V] bool.
    With a length register: `keeps` and `adds` [C, S], count' = keeps * count + adds; and `clips` [4, S], the row is
    base + clip(count - clips[0], 0, clips[1]) + clip(count - clips[2], 0, clips[3]). Without one they are None.
    """

    class_of: NDArray[np.integer]
    next: NDArray[np.integer]
    base: NDArray[np.integer]
    mask_of: NDArray[np.integer]
    allowed: NDArray[np.bool_]
    keeps: NDArray[np.integer] | None = None
    adds: NDArray[np.integer] | None = None
    clips: NDArray[np.integer] | None = None

    @property
    def states(self) -> int:
        """S."""
        return len(self.base)

    @classmethod
    def of(cls, tables: TokenTables) -> GrammarArrays:
        """Those of a compiled grammar."""
        base = np.where(tables.base == 0, -1, tables.base)
        allowed = unpacked(tables.rows.packed, tables.size)
        counting = tables.counting
        if counting is None:
            return cls(tables.class_of, tables.next, base, tables.row_of_slot, allowed)
        keeps = counting.sets_to < 0
        adds = np.where(keeps, counting.spent, counting.sets_to)
        clips = np.stack([counting.need_from, counting.need_span, counting.room_from, counting.room_span])
        return cls(tables.class_of, tables.next, base, tables.row_of_slot, allowed, keeps.astype(np.int8), adds, clips)


def check_kinds(number: int, grammar: object) -> None:
    """Raise UsageError, naming the grammar by its number, unless it is GrammarArrays of integers and masks of bool."""
    if not isinstance(grammar, GrammarArrays):
        fix = "GrammarArrays.of(tables) makes them of TokenTables"
        raise UsageError(f"grammar {number} is a {type(grammar).__name__}; it must be GrammarArrays: {fix}")
    for field in fields(grammar):
        array = getattr(grammar, field.name)
        if array is None and field.default is None:
            continue
        kinds, meant = ("b", "bool") if field.name == "allowed" else ("iu", "integers")
        dimensions = 1 if field.name in ("class_of", "base", "mask_of") else 2
        if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds or array.ndim != dimensions:
            found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise UsageError(
                f"grammar {number}: {field.name} is {found}; it must be an array of {meant} in {dimensions} dimensions"
            )


def check(number: int, grammar: GrammarArrays, vocabulary: int) -> None:
    """Raise UsageError, naming the grammar by its number, if its arrays do not fit together."""
    if not LEAST_TOKENS <= vocabulary <= MOST_TOKENS:
        most = f"{LEAST_TOKENS} to {MOST_TOKENS:,}"
        raise UsageError(f"a vocabulary of {vocabulary:,} tokens; the chip's arg-max takes {most}")
    # Shapes first: what values are held against is read by them.
    _told(number, _shapes(grammar, vocabulary))
    _told(number, _values(grammar))
    if not grammar.allowed[grammar.mask_of[grammar.base[-1]]].any():
        raise UsageError(f"grammar {number}: the last state, where ended texts stay, allows no token")


def _shapes(grammar: GrammarArrays, vocabulary: int) -> dict[str, bool]:
    """Each problem, and whether it is there."""
    classes, states = grammar.next.shape
    register = (grammar.keeps, grammar.adds, grammar.clips)
    wrong = {
        f"class_of needs {vocabulary:,} tokens as the other grammars": len(grammar.class_of) != vocabulary,
        f"allowed needs {vocabulary:,} columns": grammar.allowed.shape[1] != vocabulary,
        f"base needs {states:,} states as next has": len(grammar.base) != states,
        f"next has {classes} classes and {states} states; at least 1 and 2 are needed": classes < 1 or states < 2,
        "keeps, adds and clips go together": len({array is None for array in register}) > 1,
    }
    for name, array, rows in zip(("keeps", "adds", "clips"), register, (classes, classes, 4), strict=True):
        needed = f"{name} must be {(rows, states)}, as next has {states:,} states and {classes:,} classes"
        wrong[needed] = array is not None and array.shape != (rows, states)
    return wrong


def _values(grammar: GrammarArrays) -> dict[str, bool]:
    """Each problem, and whether it is there, of arrays whose shapes fit."""
    (classes, states), rows = grammar.next.shape, len(grammar.mask_of)
    base, keeps, adds, clips = grammar.base.astype(np.int64), grammar.keeps, grammar.adds, grammar.clips
    wrong = {
        f"class_of names classes above {classes - 1:,}": _most(grammar.class_of) >= classes,
        f"next names states above {states - 1:,}": _most(grammar.next) >= states,
        "mask_of names masks that allowed lacks": _most(grammar.mask_of) >= len(grammar.allowed),
        "keeps must be 0 or 1": keeps is not None and not 0 <= _least(keeps) <= _most(keeps) <= 1,
        "adds are negative": adds is not None and _least(adds) < 0,
        "clips are negative": clips is not None and _least(clips) < 0,
        "base of the last state, where ended texts stay, is negative; it must name a row": int(base[-1]) < 0,
    }
    for name in ("class_of", "next", "mask_of"):
        wrong[f"{name} has negative numbers; all count from 0"] = _least(getattr(grammar, name)) < 0
    last = base if clips is None else base + np.clip(clips[[1, 3]].astype(np.int64), 0, rows).sum(axis=0)
    wrong[f"base, with what clips add, names rows above {rows - 1:,}, the last of mask_of"] = bool(
        (last[base >= 0] >= rows).any()
    )
    return wrong


def _told(number: int, wrong: dict[str, bool]) -> None:
    for problem, found in wrong.items():
        if found:
            raise UsageError(f"grammar {number}: {problem}")


def _least(array: NDArray[np.integer]) -> int:
    return int(array.min(initial=0))


def _most(array: NDArray[np.integer]) -> int:
    return int(array.max(initial=0))
