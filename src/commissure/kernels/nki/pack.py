"""From the token tables of one or more grammars to the tensors that the kernel reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.tables.rows import unpacked
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.nki.pack_tables import Joined, Tables, gather_tables, joined, one_hot_tables

PENALTY = -57344.0
"""What is added to a forbidden logit: exact in float8_e5m2 and in bfloat16, finite because the tensor engine multiplies
every row of the table, and 0 x inf is NaN. Logits that lie further apart than this would not be held back."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Constants of a batch: the penalties of M masks over V tokens, and four tables, in one of two forms.

    `penalty` [ceil(M / 128) * 128, V]. `starts` [G + 1]: the first state of each grammar in the common numbering.
    """

    penalty: NDArray[np.floating]
    tables: Tables
    starts: tuple[int, ...]
    masks: int
    counted: bool

    @property
    def vocabulary(self) -> int:
        """V."""
        return int(self.penalty.shape[1])

    @property
    def gather(self) -> bool:
        """Whether the tables are read by indirect DMA; else by one-hot matrix products."""
        return self.tables.gather

    def state(self, grammar: int, local: int = 1) -> int:
        """The common number of a grammar's state; the start by default."""
        return self.starts[grammar] + local

    def ended(self, grammar: int) -> int:
        """Where a sequence stays after its end token."""
        return self.starts[grammar + 1] - 2

    @property
    def free(self) -> int:
        """The state of an unconstrained sequence: all tokens are allowed and none leaves it."""
        return self.starts[1] - 1


def pack(grammars: Sequence[GrammarArrays], *, gather: bool, penalty_dtype: str = "float8_e5m2") -> Pack:
    """All grammars of a batch in one set of tables; `gather` picks their form.

    Indirect DMA is documented for NeuronCore-v3 and later (swdge: "Any (indirect: v3+)"); one-hot products run on all.
    Raises UsageError for arrays that do not fit together.
    """
    if not grammars:
        raise UsageError("no grammar was given; use the unconstrained kernel, or pack at least one")
    for number, grammar in enumerate(grammars):
        _check(number, grammar, int(grammars[0].allowed.shape[1]))
    together = joined(grammars)
    tables = gather_tables(together) if gather else one_hot_tables(together, penalty_dtype)
    return Pack(_penalties(together, penalty_dtype), tables, together.starts, together.masks, together.counted)


def dtype_of(name: str) -> np.dtype:
    """A NumPy dtype by NKI's name, through ml_dtypes for what NumPy lacks."""
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name, name))


def _penalties(together: Joined, dtype: str) -> NDArray[np.floating]:
    rows = -(-together.masks // 128) * 128
    out = np.zeros((rows, together.allowed.shape[1]), dtype_of(dtype))
    out[: together.masks][~together.allowed] = PENALTY
    return out


def _check(number: int, grammar: GrammarArrays, vocabulary: int) -> None:
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
