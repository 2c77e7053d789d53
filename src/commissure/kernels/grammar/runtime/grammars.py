"""Many sequences at once, each under a grammar of its own or under none: a step is a few look-ups for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.automaton import START, UNBOUNDED
from commissure.kernels.grammar.runtime.joined import joined_rows
from commissure.kernels.grammar.tables.rows import Rows
from commissure.kernels.grammar.tables.table import TokenTables

REFUSED = 0
FREE = 1
"""The state of a sequence under no grammar: any token, for ever."""
_OWN = 2

Ints = NDArray[np.int32]
_INT32 = np.dtype(np.int32)
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class _Lengths:
    """The length registers of all grammars: by transition, and by state."""

    spent: NDArray[np.int32]
    sets_to: NDArray[np.int32]
    least: Ints
    most: Ints
    need_from: Ints
    need_span: Ints
    room_from: Ints
    room_span: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Grammars:
    """The tables of some grammars over one vocabulary, side by side; states are numbered through all of them.

    State REFUSED stays and allows nothing, FREE stays and allows everything; grammar g begins in starts[g], count 0.
    A step is rows(states, counts), then apply_rows or best_tokens with `masks`, then advance(states, counts, tokens).
    Arrays of states, counts, tokens and row numbers hold one element a sequence: int32, tokens any integers. Rows are
    those of `masks`: 0 allows nothing, 1 everything.
    """

    masks: Rows
    starts: tuple[int, ...]
    ended: tuple[int, ...]
    _class_of: NDArray[np.uint16]
    _class_from: NDArray[np.intp]
    _next: Ints
    _next_from: NDArray[np.intp]
    _base: Ints
    _row_of_slot: Ints
    _lengths: _Lengths | None

    @classmethod
    def of(cls, tables: Sequence[TokenTables]) -> Grammars:
        """Raises UsageError if there is none, or if they are not of one vocabulary."""
        if not tables:
            raise UsageError("no grammar: give the tables of at least one; FREE needs their vocabulary's size")
        names = {(table.vocabulary, table.size) for table in tables}
        if len(names) > 1:
            raise UsageError(f"grammars of one batch share a vocabulary; these have {len(names)}: {sorted(names)}")
        size = tables[0].size
        # A grammar's states but its 0 come after those before it; its rows and slots likewise.
        states = _offsets([table.states - 1 for table in tables], _OWN - 1)
        rows = _offsets([table.rows.rows - 1 for table in tables], 1)
        slots = _offsets([len(table.row_of_slot) - 1 for table in tables], 1)
        shifted = [_shift(table.next.T[1:], by) for table, by in zip(tables, states, strict=True)]
        first = _offsets([part.size for part in shifted], _OWN)
        begins = [begin + np.arange(len(part)) * part.shape[1] for begin, part in zip(first, shifted, strict=True)]
        whose = np.repeat(np.arange(len(tables)), [len(part) for part in shifted])
        return cls(
            masks=joined_rows([table.rows for table in tables], size),
            starts=tuple(by + START for by in states),
            ended=tuple(by + table.ended for table, by in zip(tables, states, strict=True)),
            _class_of=np.concatenate([np.zeros(size, np.uint16), *(table.class_of for table in tables)]),
            _class_from=np.concatenate([[0, 0], (1 + whose) * size]),
            _next=np.concatenate([np.array([REFUSED, FREE], np.int32), *(part.ravel() for part in shifted)]),
            _next_from=np.concatenate([[0, 1], *begins]),
            _base=_chain([0, 1], [_shift(table.base[1:], by) for table, by in zip(tables, slots, strict=True)]),
            _row_of_slot=_chain(
                [0, 1], [_shift(table.row_of_slot[1:], by) for table, by in zip(tables, rows, strict=True)]
            ),
            _lengths=_lengths(tables),
        )

    def advance(self, states: Ints, counts: Ints, tokens: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """The states and counts after a token of each sequence; (REFUSED, 0) where its grammar refuses it.

        Raises UsageError for a token that is not of the vocabulary, and a state that is none.
        """
        if np.minimum.reduce(tokens, initial=0) < 0 or np.maximum.reduce(tokens, initial=0) >= self.masks.size:
            raise _wrong("tokens", tokens, self.masks.size)
        begin = _of_states(self._class_from, states)
        try:
            column = self._class_of.take(begin + tokens)
        except TypeError as error:
            raise _wrong("tokens", tokens, self.masks.size) from error
        edge = self._next_from.take(states) + column
        to = self._next.take(edge)
        lengths = self._lengths
        if lengths is None:
            return to, counts
        reached = counts + lengths.spent.take(edge)
        value = lengths.sets_to.take(edge)
        sets = value >= 0
        fits = reached <= lengths.most.take(states)
        fits &= ~sets | (reached >= lengths.least.take(states))
        to *= fits
        return to, np.where(sets, value, reached) * (to != REFUSED)

    def rows(self, states: Ints, counts: Ints) -> Ints:
        """The number of each sequence's mask row. Raises UsageError for a state that is none."""
        slot = _of_states(self._base, states)
        lengths = self._lengths
        if lengths is not None:
            for begin, span in ((lengths.need_from, lengths.need_span), (lengths.room_from, lengths.room_span)):
                slot += np.minimum(np.maximum(counts - begin.take(states), 0), span.take(states))
        return self._row_of_slot.take(slot)

    def fill(self, rows: Ints, out: NDArray[np.uint32]) -> None:
        """Writes the packed rows [B, W] of these numbers [B]: see Rows. Raises UsageError for a number that is none."""
        count = len(self.masks.packed)
        if np.minimum.reduce(rows, initial=0) < 0 or np.maximum.reduce(rows, initial=0) >= count:
            raise _wrong("rows", rows, count)
        # Without clipping numpy would first gather into a buffer of its own.
        np.take(self.masks.packed, rows, axis=0, out=out, mode="clip")


def _of_states(table: NDArray[Number], states: Ints) -> NDArray[Number]:
    """What the table says of each state; that none is too large numpy looks at itself."""
    try:
        if getattr(states, "dtype", None) is _INT32:
            # As unsigned, a negative number is too large as well.
            return table.take(states.view(np.uint32))
        if np.minimum.reduce(states, initial=0) < 0:
            raise _wrong("states", states, len(table))
        return table.take(states)
    except (IndexError, TypeError) as error:
        raise _wrong("states", states, len(table)) from error


def _wrong(what: str, given: NDArray[np.integer], count: int) -> UsageError:
    given = np.asarray(given)
    if given.dtype.kind not in "iu":
        return UsageError(f"{what} of type {given.dtype}: give whole numbers, such as int32")
    return UsageError(f"{what} {given.min()} to {given.max()}: give 0 to {count - 1}")


def _offsets(sizes: list[int], first: int) -> list[int]:
    ends = np.cumsum([first, *sizes])
    return [int(end) for end in ends[:-1]]


def _shift(numbers: NDArray[np.int32], by: int) -> NDArray[np.int32]:
    """Numbers moved to their place among all grammars; 0 stays 0."""
    return np.where(numbers > 0, numbers + np.int32(by), np.int32(0))


def _chain(first: list[int], parts: Sequence[NDArray[np.generic]]) -> Ints:
    return np.concatenate([np.array(first), *(part.ravel() for part in parts)]).astype(np.int32)


def _lengths(tables: Sequence[TokenTables]) -> _Lengths | None:
    if all(table.counting is None for table in tables):
        return None

    def chained(name: str, value: int, by_edge: bool = False) -> Ints:
        parts = []
        for table in tables:
            if table.counting is None:
                parts.append(np.full((table.states - 1) * (len(table.next) if by_edge else 1), value))
            else:
                part = getattr(table.counting, name)
                parts.append(part.T[1:] if by_edge else part[1:])
        return _chain([value, value], parts)

    return _Lengths(
        chained("spent", 0, by_edge=True),
        chained("sets_to", -1, by_edge=True),
        chained("least", 0),
        chained("most", UNBOUNDED),
        *(chained(name, 0) for name in ("need_from", "need_span", "room_from", "room_span")),
    )
