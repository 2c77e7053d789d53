"""Who touched which bytes of a tensor last: cut along the bytes of a partition, each piece with its partitions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from commissure.kernels.nki.trace import Operand

Rows = tuple[int, int]


@dataclass(slots=True)
class _Piece:
    """Its last writers by partitions, and who read since; of an engine in order the last reader is enough."""

    writers: dict[Rows, int] = field(default_factory=dict)
    readers: dict[tuple[int, int, str, int], int] = field(default_factory=dict)

    def copy(self) -> _Piece:
        return _Piece(dict(self.writers), dict(self.readers))


class Segments:
    """The accesses of one tensor that may still matter; each access looks only at the pieces that it touches."""

    def __init__(self) -> None:
        self._starts: list[int] = [0]
        self._pieces: list[_Piece] = [_Piece()]

    def read(self, view: Operand, index: int, engine: str) -> set[int]:
        """Note a read; those that it must come after: who wrote what it reads."""
        after: set[int] = set()
        low, high = view.low[0], view.high[0]
        # A transfer may end before one that began earlier: each is remembered by itself.
        key = (low, high, engine, index if engine == "dma" else 0)
        for piece in self._touched(view):
            after.update(writer for rows, writer in piece.writers.items() if rows[0] < high and low < rows[1])
            piece.readers[key] = index
        return after

    def write(self, view: Operand, index: int) -> set[int]:
        """Note a write; those that it must come after: who wrote or read what it overwrites."""
        after: set[int] = set()
        low, high = view.low[0], view.high[0]
        for piece in self._touched(view):
            for rows, writer in list(piece.writers.items()):
                if rows[0] < high and low < rows[1]:
                    after.add(writer)
                    if low <= rows[0] and rows[1] <= high:
                        del piece.writers[rows]
            for key, reader in list(piece.readers.items()):
                if key[0] < high and low < key[1]:
                    after.add(reader)
                    if low <= key[0] and key[1] <= high:
                        del piece.readers[key]
            piece.writers[low, high] = index
        after.discard(index)
        return after

    def _touched(self, view: Operand) -> list[_Piece]:
        first, last = self._cut(view.low[1]), self._cut(view.high[1])
        return self._pieces[first:last]

    def _cut(self, at: int) -> int:
        """The number of the piece that begins at a byte, cut there if none does."""
        place = bisect_left(self._starts, at)
        if place == len(self._starts) or self._starts[place] != at:
            before = bisect_right(self._starts, at) - 1
            self._starts.insert(place, at)
            self._pieces.insert(place, self._pieces[before].copy())
        return place
