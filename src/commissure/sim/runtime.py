"""SimRuntime: the runtime on SimPy's virtual time. The same coroutines as live, deterministic to the byte."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack

import simpy

from commissure.hal.errors import CommissureError
from commissure.hal.runtime import Runtime, checked_delay
from commissure.sim.group import TaskGroup
from commissure.sim.scope import Deadlines, Scope
from commissure.sim.sync import Event, Semaphore
from commissure.sim.task import Task, wait
from commissure.sim.ties import TieEnvironment

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Deadlock(CommissureError):
    """Nothing is left to happen in virtual time, yet the run has not ended."""


class SimRuntime(Runtime):
    """Virtual time. `env` is the SimPy environment in which models may run as ordinary SimPy processes.

    `tie_seed` permutes the events that fall on one instant; a run that must not depend on such ties
    gives the same result for every value.
    """

    world = "sim"

    def __init__(self, seed: int = 0, tie_seed: int | None = None) -> None:
        super().__init__(seed)
        self.env = simpy.Environment() if tie_seed is None else TieEnvironment(tie_seed)
        self.current: Task | None = None
        self.deadlines = Deadlines(self)
        self._root = Scope(self)

    def run(self, fn: Callable[[Unpack[Args]], Coroutine[Any, Any, T]], *args: *Args) -> T:
        """Run `fn(*args)` to its end, however much virtual time that takes. Raises Deadlock if it cannot end."""
        main = Task(self, fn(*args), self._root, None, getattr(fn, "__qualname__", "main"))
        try:
            value: T = self.env.run(until=main)  # type: ignore[assignment]
        except RuntimeError as error:
            if not main.triggered:
                blocked = ", ".join(task.name for task in self._waiting(self._root))
                raise Deadlock(f"at {self.now()} s every task waits for another: {blocked}") from error
            raise
        return value

    def now(self) -> float:
        return self.env._now

    @coroutine
    def sleep(self, seconds: float) -> Generator[float, None, None]:
        # A bare float is the kernel's fast path: the task reuses one wake-up event.
        yield checked_delay(seconds)

    def wait_for(self, event: simpy.Event) -> Awaitable[Any]:
        """Wait for a SimPy event of a modelled device and return its value."""
        return wait(event)

    async def raise_if_cancelled(self) -> None:
        """A cancellation point that otherwise takes no time and no turn."""
        task = self.current
        assert task is not None
        if task.scope.cancelled and not task.shields:
            await self.sleep(0)

    def task_group(self) -> TaskGroup:
        return TaskGroup(self)

    def scope(self, *, shield: bool = False) -> Scope:
        return Scope(self, shield=shield)

    def move_on_after(self, seconds: float, *, shield: bool = False) -> Scope:
        return Scope(self, self.now() + checked_delay(seconds), shield=shield)

    def event(self) -> Event:
        return Event(self)

    def semaphore(self, places: int) -> Semaphore:
        return Semaphore(self, places)

    def _waiting(self, scope: Scope) -> list[Task]:
        return [*scope.tasks, *(task for child in scope.children for task in self._waiting(child))]
