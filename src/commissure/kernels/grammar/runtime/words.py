"""Strings that are not counted, as machines of their own: their masks are the same wherever such a string stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from commissure.kernels.grammar.automaton import START, Machine, Step, sets


@runtime_checkable
class Worded(Machine, Protocol):
    """A machine that tells where it stands in a string: see LazyMachine."""

    def word(self, state: int) -> int | None:
        """Where in which string, or None."""
        ...

    def word_steps(self, at: int) -> Sequence[tuple[int, int, int, bool]]:
        """Lowest byte, highest byte, where they lead, whether that is outside of the string."""
        ...

    def after_word(self, state: int, to: int) -> int:
        """The machine's state outside."""
        ...


class Word:
    """The inside of one string from one place on. Places outside are states that refuse every byte: `outside`."""

    def __init__(self, machine: Worded, at: int) -> None:
        self._machine = machine
        self._places = [-1, at]
        self._numbers = {at: START}
        self.outside: dict[int, int] = {}

    def steps(self, state: int) -> list[Step]:
        """What each byte does."""
        if state in self.outside:
            return []
        found: list[Step] = []
        for low, high, to, leaves in self._machine.word_steps(self._places[state]):
            number = self._numbers.get(to)
            if number is None:
                number = self._numbers[to] = len(self._places)
                self._places.append(to)
                if leaves:
                    self.outside[number] = to
            found.append((low, high, number, sets(0)))
        return found

    def accepting(self, state: int) -> bool:
        """Nothing ends inside."""
        return False

    def bounds(self, state: int) -> None:
        """Nothing is counted."""
