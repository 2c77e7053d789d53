"""The automaton that everything after the schema works on: bytes in, and one register that counts characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

REFUSED = 0
START = 1
UNBOUNDED = 2**31 - 1

KEEPS = 0
"""An effect: the register stays as it is. Effects above it add so much to the register."""


def sets(count: int) -> int:
    """The effect that leaves the counted string, if there is one, and sets the register to `count`."""
    return -1 - count


Step = tuple[int, int, int, int]
"""Lowest byte, highest byte, the state that they lead to, the effect on the register."""


class Machine(Protocol):
    """A byte automaton whose states come to be as they are met, so that it may have any number of them.

    States are whole numbers from 1, the start; 0 refuses. `bounds` gives the fewest and most characters of the string
    that a state stands in, (0, UNBOUNDED) and no counting where none is counted: see `Automaton`.
    """

    def steps(self, state: int) -> Sequence[Step]:
        """What the state does with each byte, ascending; bytes that are not named are refused."""
        ...

    def accepting(self, state: int) -> bool:
        """Whether the text may end here."""
        ...

    def bounds(self, state: int) -> tuple[int, int] | None:
        """The (fewest, most) characters of the string that is being counted here, or None."""
        ...

    def most_added(self, state: int, length: int) -> int:
        """The most that a text of so many bytes can add to the register of that string."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """A machine all of whose states are known: S states, B classes of bytes. Every state can reach an end.

    `byte_class` [256] uint8; `next` [S, B] int32, 0 refuses, 1 is the start; `accepting` [S] bool.

    A counted string keeps its length out of the states: the register holds how many characters of it have begun and how
    many more it needs at least before it may end, so that what is within bounds can be ended within them. `effect`
    [S, B] int32 says what a byte does to the register: KEEPS, a number above it that is added, or sets(k). `least` and
    `most` [S] int32 are the bounds in the states of a counted string, and (0, UNBOUNDED) in all others. From a state of
    a counted string, a byte that adds needs count + effect <= most, a byte that sets leaves the string and needs
    least <= count <= most. In other states no byte adds. Without counted strings the three are None.
    """

    byte_class: NDArray[np.uint8]
    next: NDArray[np.int32]
    accepting: NDArray[np.bool_]
    effect: NDArray[np.int32] | None = None
    least: NDArray[np.int32] | None = None
    most: NDArray[np.int32] | None = None

    @property
    def states(self) -> int:
        """S, the refusing state included."""
        return len(self.accepting)

    def step(self, state: int, count: int, byte: int) -> tuple[int, int]:
        """The state and the register after a byte; (0, 0) where it is refused."""
        column = self.byte_class[byte]
        to = int(self.next[state, column])
        if to == REFUSED or self.effect is None or self.least is None or self.most is None:
            return to, 0
        effect = int(self.effect[state, column])
        if effect >= KEEPS:
            return (to, count + effect) if not effect or count + effect <= self.most[state] else (REFUSED, 0)
        # States where nothing is counted have bounds that every count keeps.
        if not self.least[state] <= count <= self.most[state]:
            return REFUSED, 0
        return to, -1 - effect

    def accepts(self, text: bytes) -> bool:
        """Whether the text is in the language."""
        state, count = START, 0
        for byte in text:
            state, count = self.step(state, count, byte)
            if state == REFUSED:
                return False
        return bool(self.accepting[state])
