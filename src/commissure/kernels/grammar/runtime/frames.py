"""Frames of a machine with a stack: what they do until they call or return is the same wherever they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from commissure.kernels.grammar.automaton import START, Machine, Step, sets


@runtime_checkable
class Framed(Machine, Protocol):
    """A machine that tells of its frames: see LazyMachine."""

    def frame(self, state: int) -> int | None:
        """The frame of a state, or None."""
        ...

    def frame_steps(self, frame: int) -> Sequence[tuple[int, int, int, bool]]:
        """Lowest byte, highest byte, the frame that they lead to, and whether it is left there."""
        ...

    def after_frame(self, state: int, frame: int) -> int:
        """The machine's state where the frame of `state` is left."""
        ...


class Frame:
    """One frame from one place on, as a machine. Where it is left are states that refuse every byte: `left`."""

    def __init__(self, machine: Framed, frame: int) -> None:
        self._machine = machine
        self._frames = [-1, frame]
        self._numbers = {(frame, False): START}
        self.left: dict[int, int] = {}

    def steps(self, state: int) -> list[Step]:
        """What each byte does."""
        if state in self.left:
            return []
        found: list[Step] = []
        for low, high, to, leaves in self._machine.frame_steps(self._frames[state]):
            number = self._numbers.get((to, leaves))
            if number is None:
                number = self._numbers[to, leaves] = len(self._frames)
                self._frames.append(to)
                if leaves:
                    self.left[number] = to
            found.append((low, high, number, sets(0)))
        return found

    def accepting(self, state: int) -> bool:
        """Nothing ends inside."""
        return False

    def bounds(self, state: int) -> None:
        """Nothing is counted."""

    def most_added(self, state: int, length: int) -> int:
        """Nothing is counted."""
        return 0
