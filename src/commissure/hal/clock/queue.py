"""A queue written once on runtime events, so that it behaves alike in both worlds."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Generic, TypeVar

from commissure.hal.clock.primitives import Event, Primitives

T = TypeVar("T")


class _Waiter(Generic[T]):
    """One `get` that waits; its item is handed to it, so that a later `get` cannot steal it."""

    __slots__ = ("granted", "ticket")

    def __init__(self, granted: Event) -> None:
        self.granted = granted
        self.ticket: tuple[int, T]


class Queue(Generic[T]):
    """Unbounded and first-in, first-out, for the items and for those who wait."""

    def __init__(self, rt: Primitives) -> None:
        self._rt = rt
        self._numbers = count()
        self._items: deque[tuple[int, T]] = deque()
        self._waiters: deque[_Waiter[T]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Append an item; never waits."""
        self._give((next(self._numbers), item))

    async def get(self) -> T:
        """Take the oldest item, waiting in turn for one; an item granted to a cancelled `get` goes back.

        A cancellation point even when an item is there.
        """
        await self._rt.sleep(0)
        if self._items:
            return self._items.popleft()[1]
        waiter: _Waiter[T] = _Waiter(self._rt.event())
        self._waiters.append(waiter)
        try:
            await waiter.granted.wait()
        except BaseException:
            if waiter.granted.is_set():
                self._give(waiter.ticket)
            else:
                self._waiters.remove(waiter)
            raise
        return waiter.ticket[1]

    def _give(self, ticket: tuple[int, T]) -> None:
        """Hand an item to who waits longest, or keep it at its place in the order of arrival."""
        if self._waiters:
            waiter = self._waiters.popleft()
            waiter.ticket = ticket
            waiter.granted.set()
        else:
            newest = self._items[-1][0] if self._items else -1
            if ticket[0] > newest:
                self._items.append(ticket)
                return
            place = next((at for at, (number, _) in enumerate(self._items) if number > ticket[0]), len(self._items))
            self._items.insert(place, ticket)
