"""Event and Semaphore in virtual time, granted in order of arrival."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Self

from commissure.sim.clock.task import Gate, Kernel, sleep, wait


class Event:
    """A flag that is set once; waiting on it is a cancellation point even when it is set."""

    __slots__ = ("_gate",)

    def __init__(self, kernel: Kernel) -> None:
        self._gate = Gate(kernel.env)

    def set(self) -> None:
        """Set the flag and wake all that wait; idempotent."""
        if not self._gate.triggered:
            self._gate.succeed()

    def is_set(self) -> bool:
        """Whether the flag is set."""
        return self._gate.triggered

    async def wait(self) -> None:
        """Return once the flag is set."""
        if self._gate.triggered:
            await sleep(0.0)
        else:
            await wait(self._gate)


class Semaphore:
    """Places granted first come, first served; a place granted to a cancelled task is handed on."""

    __slots__ = ("_free", "_kernel", "_waiters")

    def __init__(self, kernel: Kernel, places: int) -> None:
        if places < 0:
            raise ValueError(f"a semaphore needs places >= 0, not {places}")
        self._kernel = kernel
        self._free = places
        self._waiters: deque[Gate] = deque()

    async def acquire(self) -> None:
        """Take a place, waiting in turn; a cancellation point even when one is free."""
        if self._free > 0 and not self._waiters:
            await self._kernel.raise_if_cancelled()
            self._free -= 1
            return
        gate = Gate(self._kernel.env)
        self._waiters.append(gate)
        try:
            await wait(gate)
        except BaseException:
            if gate.triggered:
                self.release()
            else:
                self._waiters.remove(gate)
            raise

    def release(self) -> None:
        """Give a place back, to the one who has waited longest if there is one."""
        if self._waiters:
            self._waiters.popleft().succeed()
        else:
            self._free += 1

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
