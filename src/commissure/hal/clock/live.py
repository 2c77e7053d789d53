"""LiveRuntime: the runtime on anyio and the wall clock. The only place that reads the machine's time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack

import anyio

from commissure.hal.clock.primitives import CancelScope, Event, Semaphore, TaskGroup, checked_delay
from commissure.hal.runtime import Runtime

T = TypeVar("T")
Args = TypeVarTuple("Args")


class LiveRuntime(Runtime):
    """The runtime's primitives as anyio has them, with the clock starting at 0."""

    world = "live"

    def __init__(self, seed: int = 0, backend_options: dict[str, Any] | None = None) -> None:
        super().__init__(seed)
        self._backend_options = backend_options
        self._started = 0.0

    def run(self, fn: Callable[[Unpack[Args]], Coroutine[Any, Any, T]], *args: *Args) -> T:
        async def main() -> T:
            self._started = anyio.current_time()
            return await fn(*args)

        return anyio.run(main, backend="asyncio", backend_options=self._backend_options)

    def now(self) -> float:
        return anyio.current_time() - self._started

    def sleep(self, seconds: float) -> Awaitable[None]:
        return anyio.sleep(checked_delay(seconds))

    def task_group(self) -> TaskGroup:
        return anyio.create_task_group()

    def scope(self, *, shield: bool = False) -> CancelScope:
        return anyio.CancelScope(shield=shield)

    def move_on_after(self, seconds: float, *, shield: bool = False) -> CancelScope:
        return anyio.move_on_after(checked_delay(seconds), shield=shield)

    def deadline_s(self) -> float:
        return anyio.current_effective_deadline() - self._started

    def event(self) -> Event:
        return anyio.Event()

    def semaphore(self, places: int) -> Semaphore:
        # Without a detour through the event loop an uncontended acquire behaves as on SimRuntime.
        return anyio.Semaphore(places, fast_acquire=True)
