"""SimRuntime: the runtime on SimPy's virtual time. The same coroutines as live, deterministic to the byte."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

import simpy

from commissure.hal.clock.primitives import checked_delay
from commissure.hal.errors import CommissureError
from commissure.hal.runtime import Runtime
from commissure.sim.clock.deadlines import Deadlines, TimedScope
from commissure.sim.clock.group import TaskGroup
from commissure.sim.clock.scope import Scope
from commissure.sim.clock.sync import Event, Semaphore
from commissure.sim.clock.task import Gate, Kernel, Task, sleep, wait
from commissure.sim.clock.ties import TieEnvironment

T = TypeVar("T")
Args = TypeVarTuple("Args")


# How SimPy says that its heap ran empty before the event that it runs until.
_NOTHING_LEFT = "No scheduled events left"


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
        self._kernel = Kernel(self.env)
        self._deadlines = Deadlines(self._kernel)
        self._root = Scope(self._kernel)
        self._began = 0.0

    def run(self, fn: Callable[[Unpack[Args]], Coroutine[Any, Any, T]], *args: *Args) -> T:
        """Run `fn(*args)` to its end, however much virtual time that takes. Raises Deadlock if it cannot end."""
        if self._kernel.current is not None:
            raise RuntimeError("run() is not called from inside a run: await the coroutine")
        self._began = self.env.now
        main = Task(self._kernel, fn(*args), self._root, getattr(fn, "__qualname__", "main"))
        try:
            value = cast("T", self.env.run(until=main))
        except RuntimeError as error:
            if main.triggered or not str(error).startswith(_NOTHING_LEFT):
                raise
            blocked = ", ".join(task.name for task in self._waiting(self._root))
            raise Deadlock(f"at {self.now()} s every task waits for another: {blocked}") from None
        finally:
            # A main that did not end must not end a later run on this environment.
            if main.callbacks:
                main.callbacks.clear()
        return value

    @property
    def began_s(self) -> float:
        """When the run began, on the clock of `env`."""
        return self._began

    def now(self) -> float:
        return self.env._now - self._began

    def sleep(self, seconds: float) -> Awaitable[None]:
        delay = checked_delay(seconds)
        return sleep(delay) if delay < math.inf else wait(Gate(self.env))

    def wait_for(self, event: simpy.Event) -> Awaitable[Any]:
        """Wait for a SimPy event of a modelled device and return its value."""
        return wait(event)

    def task_group(self) -> TaskGroup:
        return TaskGroup(self._kernel)

    def scope(self, *, shield: bool = False) -> Scope:
        return Scope(self._kernel, shield=shield)

    def move_on_after(self, seconds: float, *, shield: bool = False) -> Scope:
        return TimedScope(self._kernel, self._deadlines, self.env.now + checked_delay(seconds), shield=shield)

    def deadline_s(self) -> float:
        current = self._kernel.current
        return math.inf if current is None else cast("Scope", current.scope).effective_deadline() - self._began

    def event(self) -> Event:
        return Event(self._kernel)

    def semaphore(self, places: int) -> Semaphore:
        return Semaphore(self._kernel, places)

    def _waiting(self, scope: Scope) -> list[Task]:
        return [*scope.tasks, *(task for child in scope.children for task in self._waiting(child))]
