"""The runtime seam: all that a policy or a workflow may await, in virtual time as on the wall clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from commissure.hal import combinators
from commissure.hal.primitives import Primitives
from commissure.hal.queue import Queue

T = TypeVar("T")


class Runtime(Primitives):
    """The primitives of one world, and what is written once on them for both."""

    def queue(self) -> Queue[Any]:
        """A new unbounded first-in, first-out queue."""
        return Queue(self)

    async def gather(self, *work: Awaitable[T]) -> list[T]:
        """See `combinators.gather`."""
        return await combinators.gather(self, *work)

    async def first(self, *work: Awaitable[T]) -> T:
        """See `combinators.first`."""
        return await combinators.first(self, *work)

    async def hedged(self, make: Callable[[], Awaitable[T]], *, after_s: float, attempts: int = 2) -> T:
        """See `combinators.hedged`."""
        return await combinators.hedged(self, make, after_s=after_s, attempts=attempts)

    async def retry(self, make: Callable[[], Awaitable[T]], *, attempts: int = 3, base_s: float = 0.5) -> T:
        """See `combinators.retry`."""
        return await combinators.retry(self, make, attempts=attempts, base_s=base_s)

    async def deadline(self, seconds: float, work: Awaitable[T]) -> T:
        """See `combinators.deadline`."""
        return await combinators.deadline(self, seconds, work)
