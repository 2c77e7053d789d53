"""Attempts at one answer side by side: one wins, the others are cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from commissure.hal.clock.primitives import CancelScope, Event, Primitives, TaskGroup

T = TypeVar("T")


class Progress:
    """What an attempt tells while it is under way; times in seconds on the runtime's clock."""

    __slots__ = ("_on_first", "_rt", "first_s", "start_s")

    def __init__(self, rt: Primitives, on_first: Callable[[Progress], None] | None = None) -> None:
        self._rt = rt
        self._on_first = on_first
        self.start_s = rt.now()
        self.first_s: float | None = None

    def first_token(self) -> None:
        """Say that the first token was seen just now; idempotent."""
        if self.first_s is None:
            self.first_s = self._rt.now()
            if self._on_first is not None:
                self._on_first(self)


class Race(Generic[T]):
    """The attempt that shows its first token first wins, or the first that ends well; the others are cancelled.

    The failure of one is ignored while another runs. `decided` is set once there is a winner or nobody is left.
    """

    def __init__(self, rt: Primitives) -> None:
        self.decided: Event = rt.event()
        self.winner: Progress | None = None
        self._rt = rt
        self._running: dict[Progress, CancelScope] = {}
        self._values: dict[Progress, T] = {}
        self._errors: dict[Progress, Exception] = {}

    def start(self, group: TaskGroup, attempt: Callable[[Progress], Awaitable[T]]) -> Progress:
        """Start an attempt as a child of the group."""
        progress = Progress(self._rt, self._wins)
        # Its scope is there before its first step, so that it can lose before that.
        self._running[progress] = self._rt.scope()
        group.start_soon(self._run, progress, attempt)
        return progress

    def result(self) -> T:
        """The winner's value, once all attempts have ended. Raises its error, or the last one if nobody won."""
        if self.winner in self._values:
            return self._values[self.winner]
        raise self._errors[self.winner] if self.winner is not None else [*self._errors.values()][-1]

    async def _run(self, progress: Progress, attempt: Callable[[Progress], Awaitable[T]]) -> None:
        with self._running[progress]:
            try:
                self._values[progress] = await attempt(progress)
                self._wins(progress)
            except Exception as error:
                self._errors[progress] = error
            finally:
                del self._running[progress]
        if not self._running:
            self.decided.set()

    def _wins(self, progress: Progress) -> None:
        if self.winner is not None:
            return
        self.winner = progress
        self.decided.set()
        for other, scope in self._running.items():
            if other is not progress:
                scope.cancel()
