"""A matcher on token tables: every question is a look-up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import REFUSED, START
from commissure.kernels.grammar.runtime.matcher import StateMatcher
from commissure.kernels.grammar.tables.table import TokenTables


class TableMatcher(StateMatcher):
    """One sequence under the grammar of some tables."""

    def __init__(self, tables: TokenTables) -> None:
        super().__init__((START, 0))
        self.tables = tables

    @property
    def row(self) -> int:
        """The number of the mask row, in `tables.rows`."""
        return self._row(self._past[-1])

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return self.tables.size

    def mask(self) -> NDArray[np.uint32]:
        """The allowed tokens as packed words: a view of the tables."""
        row: NDArray[np.uint32] = self.tables.rows.packed[self.row]
        return row

    def allowed(self) -> NDArray[np.intp]:
        """The allowed tokens, ascending."""
        return self.tables.rows.ids(self.row)

    @property
    def accepting(self) -> bool:
        """Whether the text may end here, or has ended."""
        state, _ = self._past[-1]
        return state == self.tables.ended or bool(self.tables.automaton.accepting[state])

    def _row(self, place: tuple[int, int]) -> int:
        return int(self.tables.rows_of(np.array([place[0]], np.int32), np.array([place[1]], np.int32))[0])

    def _after(self, place: tuple[int, int], token: int) -> tuple[int, int]:
        if not 0 <= token < self.tables.size:
            return REFUSED, 0
        return self.tables.after(*place, token)

    def _only_byte(self, place: tuple[int, int]) -> tuple[int, tuple[int, int]] | None:
        state, count = place
        automaton = self.tables.automaton
        if state == self.tables.ended or automaton.accepting[state]:
            return None
        follow = np.flatnonzero(automaton.next[state][automaton.byte_class])
        found = [(byte, to) for byte in follow.tolist() if (to := automaton.step(state, count, byte))[0] != REFUSED]
        return found[0] if len(found) == 1 else None

    def _only_token(self, place: tuple[int, int]) -> int | None:
        rows, row = self.tables.rows, self._row(place)
        begin, end = int(rows.begin[row]), int(rows.begin[row + 1])
        # A row of one token has its least form: the id alone.
        return int(rows.data[begin]) if end - begin == 1 and rows.form[row] == 0 else None

    def _ended(self, place: tuple[int, int]) -> bool:
        return place[0] == self.tables.ended
