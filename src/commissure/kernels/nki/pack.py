"""From the token tables of one or more grammars to the tensors that the kernel reads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.nki.executor.dtypes import MATMUL_FLOATS, NUMPY, convert, name_of
from commissure.kernels.nki.executor.targets import find_target
from commissure.kernels.nki.pack_arrays import GrammarArrays, check, check_kinds
from commissure.kernels.nki.pack_joined import Joined, joined
from commissure.kernels.nki.pack_tables import (
    Tables,
    gather_tables,
    one_hot_bytes,
    one_hot_tables,
)

PENALTY = -57344.0
"""What is added to a forbidden logit: exact in float8_e5m2 and in bfloat16, finite because the tensor engine multiplies
every row of the table, and 0 x inf is NaN. Logits that lie further apart than this would not be held back."""

GATHERS_FROM = 3
"""The first NeuronCore for which indirect DMA is documented."""
CROWDS_BYTES = 32 * 1024
"""Per partition: what one-hot tables may take of SBUF where there is a choice (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Constants of a batch: the penalties of M masks over V tokens, and four tables, in one of two forms.

    `penalty` [M, V]. `starts` [G + 1]: the first state of each grammar in the common numbering.
    """

    penalty: NDArray[np.floating]
    tables: Tables
    starts: tuple[int, ...]
    counted: bool

    @property
    def masks(self) -> int:
        """M: distinct ones."""
        return len(self.penalty)

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

    def local(self, state: int) -> tuple[int, int]:
        """The grammar of a state, and its number there; inverse of `state`."""
        grammar = bisect_right(self.starts, state) - 1
        return grammar, state - self.starts[grammar]

    def ended(self, grammar: int) -> int:
        """Where a sequence stays after its end token."""
        return self.starts[grammar + 1] - 2

    @property
    def free(self) -> int:
        """The state of an unconstrained sequence: all tokens are allowed and none leaves it."""
        return self.starts[1] - 1


def pack(
    grammars: Sequence[GrammarArrays],
    *,
    gather: bool | None = None,
    target: str = "inf2",
    penalty_dtype: str = "float8_e5m2",
) -> Pack:
    """All grammars of a batch in one set of tables, whose form `gather` picks; None: what suits the target.

    Products with one-hot rows run on every NeuronCore. Gathers by indirect DMA are documented from v3 on ("swdge: Any
    (indirect: v3+)", nki-dge.rst of SDK 2.32; whether v2 can is not known), and are taken there for tables that would
    crowd SBUF. Raises UsageError for arrays that do not fit together, DoesNotFit for numbers, and a
    `penalty_dtype`, that are not exact.
    """
    if not grammars:
        raise UsageError("no grammar was given; use the unconstrained kernel, or pack at least one")
    _check_penalty(penalty_dtype)
    for number, grammar in enumerate(grammars):
        check_kinds(number, grammar)
    for number, grammar in enumerate(grammars):
        check(number, grammar, int(grammars[0].allowed.shape[1]))
    together = joined(grammars)
    tables = _tables(together, gather, find_target(target).core, penalty_dtype)
    return Pack(_penalties(together, penalty_dtype), tables, together.starts, together.counted)


def _check_penalty(dtype: str) -> None:
    """Of the tensor engine's types, float32 goes with float32 only, and one-hot rows are narrower."""
    name, penalty = name_of(dtype), np.array([PENALTY], np.float32)
    exact = sorted(each for each in MATMUL_FLOATS - {"float32"} if convert(penalty, each)[0] == PENALTY)
    if name not in exact:
        raise DoesNotFit(
            f"penalty_dtype is {name}, in which {PENALTY:,.0f} is not exact, or which the product with 16-bit one-hot "
            f"rows does not take; use one of {', '.join(exact)}"
        )


def _tables(together: Joined, gather: bool | None, core: int, dtype: str) -> Tables:
    if gather or (gather is None and core >= GATHERS_FROM and one_hot_bytes(together) > CROWDS_BYTES):
        return gather_tables(together)
    return one_hot_tables(together, dtype)


def _penalties(together: Joined, dtype: str) -> NDArray[np.floating]:
    out = np.zeros(together.allowed.shape, NUMPY[dtype])
    out[~together.allowed] = PENALTY
    return out
