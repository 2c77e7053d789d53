"""Which mask row belongs to a state and a count: a slot for each way in which the count can matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import UNBOUNDED


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """What tables hold of the length register: C classes, S states. See TokenTables for what it means.

    `spent`, `sets_to` [C, S] int16; `least`, `most`, `need_from`, `need_span`, `room_from`, `room_span` [S] int32.
    """

    spent: NDArray[np.int16]
    sets_to: NDArray[np.int16]
    least: NDArray[np.int32]
    most: NDArray[np.int32]
    need_from: NDArray[np.int32]
    need_span: NDArray[np.int32]
    room_from: NDArray[np.int32]
    room_span: NDArray[np.int32]


class SlotMaker:
    """Gives slots to states and numbers the distinct rows of classes; row 0 and slot 0 allow nothing."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._known: dict[bytes, int] = {bytes(-(-classes // 8)): 0}
        self.row_of_slot: list[int] = [0]

    @property
    def rows(self) -> NDArray[np.bool_]:
        """[R, C]: the classes that each row allows."""
        packed = np.frombuffer(b"".join(self._known), np.uint8).reshape(len(self._known), -1)
        return np.unpackbits(packed, axis=1, count=self._classes).view(np.bool_)

    def plain(self, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
        """A slot each for states [n, C] where the count does not matter."""
        first = len(self.row_of_slot)
        self.row_of_slot += self._numbers(allowed)
        return np.arange(first, len(self.row_of_slot), dtype=np.int32)

    def counted(
        self, live: NDArray[np.intp], spent: NDArray[np.int16], leaves: NDArray[np.bool_], least: int, most: int
    ) -> tuple[int, int, int, int, int]:
        """The base, need_from, need_span, room_from, room_span of one state of a counted string.

        `live` are the classes that some count lets through, `spent` and `leaves` what they do. A class that leaves the
        string needs least - spent <= count; any class needs count <= most - spent.
        """
        need_from = need_span = room_from = room_span = 0
        if leaves.any():
            need_from = max(least - int(spent[leaves].max()) - 1, 0)
            need_span = max(least - int(spent[leaves].min()) - need_from, 0)
        if most != UNBOUNDED and len(live):
            room_span = int(spent.max())
            room_from = most - room_span
        counts = _either((need_from, need_from + need_span), (room_from, room_from + room_span))
        slots = (counts - need_from).clip(0, need_span) + (counts - room_from).clip(0, room_span)
        reached = counts[:, None] + spent.astype(np.int64)
        allowed = np.zeros((len(counts), self._classes), np.bool_)
        allowed[:, live] = (reached <= most) & (~leaves | (reached >= least))
        base = len(self.row_of_slot)
        # Where two thresholds coincide no count leads to the slot between them: it takes the next one's row.
        filled = np.searchsorted(slots, np.arange(need_span + room_span + 1))
        self.row_of_slot += np.array(self._numbers(allowed))[filled].tolist()
        return base, need_from, need_span, room_from, room_span

    def _numbers(self, allowed: NDArray[np.bool_]) -> list[int]:
        packed = np.packbits(allowed, axis=1)
        width, blob = packed.shape[1], packed.tobytes()
        return [
            self._known.setdefault(blob[at * width : (at + 1) * width], len(self._known)) for at in range(len(packed))
        ]


def _either(*ranges: tuple[int, int]) -> NDArray[np.int64]:
    """The numbers of two ranges, ends included, ascending."""
    (low, high), (begin, end) = sorted(ranges)
    return np.concatenate([np.arange(low, high + 1), np.arange(max(begin, high + 1), end + 1)])
