"""What texts do to every state at once: maps from state to state, each distinct one kept once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import KEEPS, REFUSED, Automaton
from commissure.kernels.grammar.tables.register import Register

DEAD = 0
IDENTITY = 1
UNSET = -1


class Maps:
    """Maps by number: DEAD refuses in every state, IDENTITY is the empty text's, others come of `after`.

    A map is the run of its live entries, one for each state that the text is not refused in: columns FROM, TO and, if
    the automaton counts, SPENT and VALUE. SPENT is what was added to the register in the string that FROM stands in
    before the text left that string or ended, VALUE what the register was set to since (plus what was added), or UNSET.
    What does not hang on the count at FROM is decided here: a text that begins and ends a string is held to its bounds.
    """

    def __init__(self, automaton: Automaton, register: Register | None) -> None:
        self.columns = automaton.next.shape[1]
        self._next = automaton.next.ravel()
        self._register = register
        self._size = automaton.states
        width = 4 if register else 2
        identity = np.zeros((automaton.states - 1, width), np.int32)
        identity[:, 0] = identity[:, 1] = np.arange(1, automaton.states)
        if register:
            identity[:, 3] = UNSET
        self._entries = identity
        self._used = len(identity)
        self._known: dict[bytes, int] = {b"": DEAD, identity.tobytes(): IDENTITY}
        self._start = [0, 0, self._used]
        self._after = np.full((64, self.columns), UNSET, np.intp)
        self._after[DEAD] = DEAD

    def __len__(self) -> int:
        return len(self._start) - 1

    def after(self, maps: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """The map of a text with one more byte, for each map and class of bytes; known pairs are looked up."""
        keys = maps * self.columns + columns
        found: NDArray[np.intp] = self._after.ravel()[keys]
        new = found < 0
        if new.any():
            self._compose(np.unique(keys[new]))
            found = self._after.ravel()[keys]
        return found

    def entries(self, maps: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Of all these maps, one after the other: for each entry its map's place in `maps`, and its columns."""
        start = np.array(self._start, np.intp)
        lengths = start[maps + 1] - start[maps]
        ends = np.cumsum(lengths)
        owner = np.repeat(np.arange(len(maps)), lengths)
        where = np.arange(len(owner)) + np.repeat(start[maps] - ends + lengths, lengths)
        return owner, self._entries[where]

    def _compose(self, keys: NDArray[np.intp]) -> None:
        maps, columns = np.divmod(keys, self.columns)
        owner, entries = self.entries(maps)
        edges = entries[:, 1] * self.columns + columns[owner]
        to = self._next[edges]
        live = to != REFUSED
        if self._register is not None:
            live &= _counted(entries, edges, self._register)
        at = entries[:, 1]
        at[:] = to
        owner, entries = owner[live], entries[live]
        ends = np.cumsum(np.bincount(owner, minlength=len(keys))).tolist()
        self._after.ravel()[keys] = self._numbers(entries, ends)

    def _numbers(self, entries: NDArray[np.int32], ends: list[int]) -> list[int]:
        """The number of each run of entries; runs not seen before are kept."""
        width = entries.itemsize * entries.shape[1]
        blob, begin, fresh = entries.tobytes(), 0, []
        numbers: list[int] = []
        for end in ends:
            key = blob[begin * width : end * width]
            number = self._known.get(key)
            if number is None:
                number = self._known[key] = len(self._start) - 1
                self._start.append(self._start[-1] + end - begin)
                fresh.append(entries[begin:end])
            numbers.append(number)
            begin = end
        self._keep(fresh)
        return numbers

    def _keep(self, runs: list[NDArray[np.int32]]) -> None:
        if not runs:
            return
        added = np.concatenate(runs)
        used = self._used + len(added)
        if used > len(self._entries):
            room = np.empty((max(used, 2 * len(self._entries)), added.shape[1]), np.int32)
            room[: self._used] = self._entries[: self._used]
            self._entries = room
        self._entries[self._used : used] = added
        self._used = used
        if len(self) > len(self._after):
            rows = max(len(self), 2 * len(self._after))
            after = np.full((rows, self.columns), UNSET, np.intp)
            after[: len(self._after)] = self._after
            self._after = after


def _counted(entries: NDArray[np.int32], edges: NDArray[np.intp], register: Register) -> NDArray[np.bool_]:
    """Updates SPENT and VALUE in place; false where the string's bounds refuse whatever the count at FROM was."""
    begun, at, spent, value = entries.T
    does = register.effect.ravel()[edges]
    adds, sets, open_ = np.maximum(does, KEEPS), does < KEEPS, value == UNSET
    spent += adds * open_
    value += adds * ~open_
    fits: NDArray[np.bool_] = np.where(open_, spent <= register.most[begun], value <= register.most[at])
    fits &= open_ | ~sets | (value >= register.least[at])
    value[sets] = -1 - does[sets]
    return fits
