"""A machine's states as they are met, numbered in that order, each with what it does with every byte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import KEEPS, REFUSED, START, UNBOUNDED, Machine
from commissure.kernels.grammar.runtime.frames import Framed

FREE_BOUNDS = (0, UNBOUNDED)


class Unfolding:
    """Rows of 256 bytes for the states that were asked for; state START is the machine's start, REFUSED refuses."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.framed = machine if isinstance(machine, Framed) else None
        self._numbers = {START: START}
        self._states = [REFUSED, START]
        self._next = np.zeros((16, 256), np.int32)
        self._effect = np.zeros((16, 256), np.int32)
        self._bounds = np.zeros((16, 2), np.int64)
        self._known = np.zeros(16, np.bool_)
        self._known[REFUSED] = True

    @property
    def met(self) -> int:
        """How many states have numbers."""
        return len(self._states)

    def state(self, number: int) -> int:
        """The machine's own state."""
        return self._states[number]

    def frame(self, state: int) -> int | None:
        """The frame that the state alone is in, where the machine tells of frames."""
        return None if self.framed is None else self.framed.frame(self._states[state])

    def after_frame(self, state: int, frame: int) -> int:
        """The state where the frame is left."""
        assert self.framed is not None
        return self._number(self.framed.after_frame(self._states[state], frame))

    def accepting(self, state: int) -> bool:
        """Whether the text may end here."""
        return self._machine.accepting(self._states[state])

    def bounds(self, state: int) -> tuple[int, int] | None:
        """The fewest and most characters of the string that is being counted here, or None."""
        return self._machine.bounds(self._states[state])

    def most_added(self, state: int, length: int) -> int:
        """The most that so many bytes can add to that string's register."""
        return self._machine.most_added(self._states[state], length)

    def step(
        self, states: NDArray[np.intp], counts: NDArray[np.int64], bytes_: NDArray[np.uint8]
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """What `Automaton.step` does, for many: the states and registers after a byte each, (0, any) where refused."""
        self._meet(states)
        to, does = self._next[states, bytes_].astype(np.intp), self._effect[states, bytes_]
        if not does.any():
            return to, counts
        least, most = self._bounds[states].T
        sets, adds = does < KEEPS, np.maximum(does, KEEPS)
        fits = ~((adds > 0) & (counts + adds > most)) & ~(sets & ((counts < least) | (counts > most)))
        return to * fits, np.where(sets, -1 - does.astype(np.int64), counts + adds)

    def follow(self, state: int) -> NDArray[np.uint8]:
        """The bytes that the state does not refuse whatever the count is."""
        self._meet(np.array([state]))
        return np.flatnonzero(self._next[state]).astype(np.uint8)

    def _meet(self, states: NDArray[np.intp]) -> None:
        known = self._known[states]
        if not known.all():
            for state in np.unique(states[~known]).tolist():
                self._fill(state)

    def _fill(self, state: int) -> None:
        bounds = self.bounds(state) or FREE_BOUNDS
        for low, high, to, effect in self._machine.steps(self._states[state]):
            if effect >= KEEPS and (self._machine.bounds(to) or FREE_BOUNDS) != bounds:
                raise ValueError(f"machine: a byte in state {self._states[state]} keeps the register, across bounds")
            number = self._number(to)
            self._next[state, low : high + 1] = number
            self._effect[state, low : high + 1] = effect
        self._bounds[state] = bounds
        self._known[state] = True

    def _number(self, state: int) -> int:
        if state == REFUSED:
            return REFUSED
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            self._states.append(state)
            if number >= len(self._known):
                for name in ("_next", "_effect", "_bounds", "_known"):
                    old = getattr(self, name)
                    setattr(self, name, np.concatenate([old, np.zeros_like(old)]))
        return number
