"""A task: one native coroutine driven by SimPy events. Its steps are the only way into and out of policy code."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Protocol

import simpy
from simpy.events import NORMAL, URGENT

Ended = Callable[[BaseException | None], None]


class Cancelled(CancelledError):
    """The cancellation that the kernel throws; it is asyncio's CancelledError, as in the live world."""


class Gate(simpy.Event):
    """An event of the kernel's own primitives: once it has opened, a cancellation no longer undoes it."""


class _CancelEvent(simpy.Event):
    """Carries a cancellation to a waiting task."""


def _defuse(event: simpy.Event) -> None:
    event._defused = True


class Home(Protocol):
    """The cancel scope that a task is in now."""

    cancelled: bool
    tasks: dict[Task, None]
    children: dict[Any, None]


class Kernel:
    """What the parts of one runtime share: SimPy's environment, and the task that runs now."""

    __slots__ = ("current", "env")

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.current: Task | None = None

    async def raise_if_cancelled(self) -> None:
        """A cancellation point that otherwise takes no time and no turn."""
        task = self.current
        assert task is not None
        if task.scope.cancelled and not task.shields:
            await sleep(0.0)


@coroutine
def sleep(seconds: float) -> Generator[float, None, None]:
    """Wait so long; a bare float is the fast path, on which the task reuses one wake-up event."""
    yield seconds


@coroutine
def wait(event: simpy.Event) -> Generator[simpy.Event, Any, Any]:
    """Cross into SimPy: wait for an event and return its value, or raise its original exception."""
    return (yield event)


class Task(simpy.Event):
    """A coroutine under way. As a SimPy event it triggers when the coroutine ends, with its value or error.

    With `ended`, called with the error or None, the owner takes the error; without, it stops the run.
    """

    def __init__(
        self, kernel: Kernel, coro: Coroutine[Any, Any, Any], scope: Home, name: str, ended: Ended | None = None
    ) -> None:
        super().__init__(kernel.env)
        self._kernel = kernel
        self.scope = scope
        self.name = name
        # While above 0 the task sleeps through cancellation: it joins children who see it themselves.
        self.shields = 0
        # What the task waits for; None before its first step and while it runs.
        self.target: simpy.Event | None = None
        self._ended = ended
        self._send = coro.send
        self._throw = coro.throw
        self._resume = self._step
        scope.tasks[self] = None
        self._wake = self._new_wake()
        self._wake.callbacks = [self._resume]
        kernel.env.schedule(self._wake, URGENT)

    def deliver_cancel(self) -> None:
        """Wake the task with a cancellation, unless its wait is over or it is shielded.

        The step function cancels at the next await whatever is passed over here.
        """
        target = self.target
        if target is None or self.shields or target.callbacks is None or isinstance(target, _CancelEvent):
            return
        if isinstance(target, Gate) and target.triggered:
            return
        target.callbacks.remove(self._resume)
        # Whom nobody waits for any more may still fail: that is not the run's failure.
        target.callbacks.append(_defuse)
        event = _CancelEvent(self.env)
        event._ok, event._value, event._defused = False, Cancelled(), True
        event.callbacks = [self._resume]
        self.env.schedule(event, URGENT)
        self.target = event

    def _new_wake(self) -> simpy.Event:
        wake = simpy.Event(self.env)
        wake._ok, wake._value = True, None
        return wake

    def _step(self, event: simpy.Event) -> None:
        """Run the coroutine from one wait to the next."""
        kernel, env = self._kernel, self.env
        previous, kernel.current = kernel.current, self
        # SimPy's resources record who asks: the type is wider than theirs.
        env._active_proc = self  # type: ignore[assignment]
        self.target = None
        try:
            while True:
                if event._ok:
                    target = self._send(event._value)
                else:
                    event._defused = True
                    # The original object: SimPy's own processes rebuild it and lose its arguments.
                    target = self._throw(event._value)
                if self.scope.cancelled and not self.shields and not self._cancel_soon(target):
                    event = _CancelEvent(env)
                    event._ok, event._value = False, Cancelled()
                elif target.__class__ is float:
                    self._sleep(target)
                    return
                elif not isinstance(target, simpy.Event):
                    event = _CancelEvent(env)
                    event._ok, event._value = False, TypeError(f"in virtual time await only rt.*, not {target!r:.60}")
                elif target.callbacks is None:
                    event = target
                else:
                    target.callbacks.append(self._resume)
                    self.target = target
                    return
        except StopIteration as end:
            self._end(True, end.value)
        except (KeyboardInterrupt, SystemExit):
            raise  # the run ends here and now, as under anyio
        except BaseException as error:
            self._end(False, error)
        finally:
            kernel.current = previous
            env._active_proc = None

    def _cancel_soon(self, target: object) -> bool:
        """In a cancelled scope, let a real wait begin and end it in its first instant, as anyio does.

        False for an await that would not block: there the cancellation is thrown on the spot.
        """
        blocks = target > 0.0 if isinstance(target, float) else isinstance(target, Gate) and not target.triggered
        if blocks:
            soon = self._new_wake()
            soon.callbacks = [self._cancel_if_still_due]
            self.env.schedule(soon, URGENT)
        return blocks

    def _cancel_if_still_due(self, _: simpy.Event) -> None:
        if self.scope.cancelled:
            self.deliver_cancel()

    def _sleep(self, seconds: float) -> None:
        wake = self._wake
        if wake.callbacks is not None:  # a cancelled sleep still lies in SimPy's heap
            wake = self._wake = self._new_wake()
        wake.callbacks = [self._resume]
        self.target = wake
        self.env.schedule(wake, NORMAL, seconds)

    def _end(self, ok: bool, value: Any) -> None:
        del self.scope.tasks[self]
        self._ok, self._value = ok, value
        if self._ended is not None:
            self._defused = True
            self._ended(None if ok else value)
        if self._ended is None or self.callbacks:
            self.env.schedule(self)
        else:
            # How SimPy marks an event as processed; its own type leaves the None out.
            self.callbacks = None  # type: ignore[assignment]
