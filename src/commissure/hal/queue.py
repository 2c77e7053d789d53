"""A queue written once on runtime events, so that it behaves alike in both worlds."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from commissure.hal.primitives import Event, Primitives

T = TypeVar("T")


class _Waiter(Generic[T]):
    """One `get` that waits; its item is handed to it, so that a later `get` cannot steal it."""

    __slots__ = ("granted", "item")

    def __init__(self, granted: Event) -> None:
        self.granted = granted
        self.item: T


class Queue(Generic[T]):
    """Unbounded and first-in, first-out, for the items and for those who wait."""

    def __init__(self, rt: Primitives) -> None:
        self._rt = rt
        self._items: deque[T] = deque()
        self._waiters: deque[_Waiter[T]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Append an item; never waits."""
        if self._waiters:
            waiter = self._waiters.popleft()
            waiter.item = item
            waiter.granted.set()
        else:
            self._items.append(item)

    async def get(self) -> T:
        """Take the oldest item, waiting in turn for one; an item granted to a cancelled `get` goes back."""
        if self._items:
            return self._items.popleft()
        waiter: _Waiter[T] = _Waiter(self._rt.event())
        self._waiters.append(waiter)
        try:
            await waiter.granted.wait()
        except BaseException:
            if waiter.granted.is_set():
                self._give_back(waiter.item)
            else:
                self._waiters.remove(waiter)
            raise
        return waiter.item

    def _give_back(self, item: T) -> None:
        if self._waiters:
            self.put(item)
        else:
            self._items.appendleft(item)
