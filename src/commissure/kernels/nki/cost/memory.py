"""Which memory a tensor takes over, and so whose last use it must wait for: the oldest that is free, in program order.

A trace has a tensor for each allocation of the source, far more than fit at once. How the compiler places them is not
documented; taken here (assumed): what became free first is used first, by bytes, whole banks in PSUM.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from commissure.kernels.nki.cost.targets import Target
from commissure.kernels.nki.trace import Instruction, Operand


class Memory:
    """One on-chip memory, of so many bytes a partition."""

    def __init__(self, size: int) -> None:
        self._free: deque[tuple[int, tuple[int, ...]]] = deque([(size, ())])

    def take(self, size: int) -> tuple[int, list[int]]:
        """Take the oldest free bytes: how many there were, and the last users of what they held before.

        What is not there is not waited for: whether a kernel fits is the executor's to say.
        """
        after: list[int] = []
        missing = size
        while missing > 0 and self._free:
            free, users = self._free.popleft()
            after += users
            if free > missing:
                self._free.appendleft((free - missing, users))
            missing -= min(free, missing)
        return size - missing, after

    def give(self, size: int, users: tuple[int, ...]) -> None:
        """Bytes become free after their last users."""
        self._free.append((size, users))


class Placement:
    """Takes and frees the memory of each tensor of a program, at its first use and after its last."""

    def __init__(self, program: Sequence[Instruction], target: Target) -> None:
        self._bank = int(target.psum_bank_bytes.value)
        self._memories = {"sbuf": Memory(int(target.sbuf_bytes.value)), "psum": Memory(int(target.psum_bytes.value))}
        self._sizes: dict[int, int] = {}
        self._taken: dict[int, int] = {}
        self._spaces: dict[int, str] = {}
        last: dict[int, int] = {}
        for place, instruction in enumerate(program):
            for view in (*instruction.reads, *instruction.writes):
                if view.space != "hbm":
                    self._sizes[view.tensor] = max(self._sizes.get(view.tensor, 0), view.high[1])
                    self._spaces[view.tensor] = view.space
                    last[view.tensor] = place
        self._ends: dict[int, list[int]] = {}
        for tensor, place in last.items():
            self._ends.setdefault(place, []).append(tensor)
        self._users: dict[int, dict[str, int]] = {}

    def use(self, view: Operand, index: int, engine: str) -> list[int]:
        """A tensor is used; at its first use, the last users of the memory that it takes over."""
        if view.space == "hbm":
            return []
        after: list[int] = []
        if view.tensor not in self._users:
            self._users[view.tensor] = {}
            self._taken[view.tensor], after = self._memories[view.space].take(self._room(view.tensor))
        # Transfers end in any order.
        self._users[view.tensor][f"dma {index}" if engine == "dma" else engine] = index
        return after

    def end(self, place: int) -> None:
        """Free what is used for the last time at this place of the program."""
        for tensor in self._ends.get(place, ()):
            users = self._users.pop(tensor)
            self._memories[self._spaces[tensor]].give(self._taken[tensor], tuple(users.values()))

    def _room(self, tensor: int) -> int:
        size = self._sizes[tensor]
        return -(-size // self._bank) * self._bank if self._spaces[tensor] == "psum" else size
