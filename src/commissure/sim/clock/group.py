"""Task groups: structured concurrency with anyio's semantics in virtual time."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine
from inspect import iscoroutine
from types import TracebackType
from typing import Any, Self, TypeVarTuple, Unpack

from commissure.sim.clock.scope import Scope
from commissure.sim.clock.task import Cancelled, Gate, Kernel, Task, sleep, wait

Args = TypeVarTuple("Args")


class TaskGroup:
    """Children that all end before the group does; the first failure cancels the others."""

    __slots__ = ("_children", "_errors", "_joined", "_kernel", "cancel_scope")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.cancel_scope = Scope(kernel)
        self._children = 0
        self._errors: list[BaseException] = []
        self._joined: Gate | None = None

    def start_soon(
        self, fn: Callable[[Unpack[Args]], Coroutine[Any, Any, Any]], *args: *Args, name: object = None
    ) -> Task:
        """Start `fn(*args)` as a child of this group. Raises RuntimeError once the group is left."""
        if self.cancel_scope.host is None:
            raise RuntimeError("this task group is not active: start tasks inside its `async with` block")
        coro = fn(*args)
        if not iscoroutine(coro):
            raise TypeError(f"start_soon() takes an `async def` function; {fn!r:.80} gave {coro!r:.60}")
        label = str(name) if name is not None else getattr(fn, "__qualname__", repr(fn))
        self._children += 1
        return Task(self._kernel, coro, self.cancel_scope, label, self._child_ended)

    def _child_ended(self, error: BaseException | None) -> None:
        """Called by a child when it ends; a failure cancels the rest, a cancellation is no failure."""
        self._children -= 1
        if error is not None:
            if not isinstance(error, CancelledError):
                self._errors.append(error)
            if not self.cancel_scope.cancelled:
                self.cancel_scope.cancel()
        if self._children == 0 and self._joined is not None and not self._joined.triggered:
            self._joined.succeed()

    async def __aenter__(self) -> Self:
        self.cancel_scope.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        scope = self.cancel_scope
        if isinstance(error, GeneratorExit):  # the coroutine is thrown away: nothing can be awaited any more
            return scope.__exit__(kind, error, trace)
        if error is not None:
            scope.cancel()
            if not isinstance(error, CancelledError):
                self._errors.append(error)
        waited = await self._join()
        outcome: BaseException | None = error
        if self._errors:
            outcome = BaseExceptionGroup("unhandled errors in a task group", self._errors)
        elif error is None and waited and scope.cancelled:
            outcome = Cancelled()
        swallowed = scope.__exit__(None, outcome, None)
        if outcome is None or swallowed:
            return swallowed
        if outcome is error:
            return False
        raise outcome from None

    async def _join(self) -> bool:
        """Wait for the children, who see a cancellation themselves; False if there were none to wait for."""
        host, any_children = self._kernel.current, self._children > 0
        assert host is not None
        host.shields += 1
        try:
            if not any_children:  # others get their turn, as on anyio
                await sleep(0.0)
            while self._children:  # others may start more here while this task wakes up
                self._joined = Gate(self._kernel.env)
                await wait(self._joined)
        finally:
            host.shields -= 1
        return any_children
