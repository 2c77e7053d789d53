"""What the kernel needs of one grammar, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

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


def check(number: int, grammar: GrammarArrays, vocabulary: int) -> None:
    """Raise UsageError, naming the grammar by its number, if its arrays do not fit together."""
    if not LEAST_TOKENS <= vocabulary <= MOST_TOKENS:
        most = f"{LEAST_TOKENS} to {MOST_TOKENS:,}"
        raise UsageError(f"a vocabulary of {vocabulary:,} tokens; the chip's arg-max takes {most}")
    classes, states = grammar.next.shape
    counted = grammar.keeps is not None
    wrong = {
        f"class_of needs {vocabulary:,} tokens as the other grammars": len(grammar.class_of) != vocabulary,
        f"allowed needs {vocabulary:,} columns": grammar.allowed.shape[1] != vocabulary,
        f"base needs {states:,} states as next has": len(grammar.base) != states,
        f"class_of names classes above {classes - 1:,}": int(grammar.class_of.max(initial=0)) >= classes,
        f"next names states above {states - 1:,}": int(grammar.next.max(initial=0)) >= states,
        "mask_of names masks that allowed lacks": int(grammar.mask_of.max(initial=0)) >= len(grammar.allowed),
        "keeps, adds and clips go together": (grammar.adds is not None, grammar.clips is not None) != (counted,) * 2,
        "clips are negative": grammar.clips is not None and int(grammar.clips.min()) < 0,
    }
    for problem, found in wrong.items():
        if found:
            raise UsageError(f"grammar {number}: {problem}")
    if not grammar.allowed[grammar.mask_of[grammar.base[-1]]].any():
        raise UsageError(f"grammar {number}: the last state, where ended texts stay, allows no token")
