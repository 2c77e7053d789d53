"""The runtime seam: all that a policy or a workflow may await, in virtual time as on the wall clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from commissure.hal.clock import combinators
from commissure.hal.clock.primitives import Primitives
from commissure.hal.clock.queue import Queue

T = TypeVar("T")


class Runtime(Primitives):
    """The primitives of one world, and what is written once on them for both."""

    def queue(self) -> Queue[Any]:
        """A new unbounded first-in, first-out queue."""
        return Queue(self)

    async def gather(self, *work: Awaitable[T]) -> list[T]:
        """Run all at once; values in the order given. The first failure cancels the rest and is raised."""
        return await combinators.gather(self, *work)

    async def first(self, *work: Awaitable[T]) -> T:
        """The value of the first that succeeds; the others are cancelled. Raises when all have failed."""
        return await combinators.first(self, *work)

    async def hedged(self, make: Callable[[], Awaitable[T]], *, after_s: float, attempts: int = 2) -> T:
        """Start `make()`, and another whenever `after_s` seconds pass or one fails; the first success wins."""
        return await combinators.hedged(self, make, after_s=after_s, attempts=attempts)

    async def retry(self, make: Callable[[], Awaitable[T]], *, attempts: int = 3, base_s: float = 0.5) -> T:
        """Await `make()` again after an error whose `retryable` is true, up to `attempts` times, with backoff."""
        return await combinators.retry(self, make, attempts=attempts, base_s=base_s)

    async def deadline(self, seconds: float, work: Awaitable[T]) -> T:
        """The value of `work`, or TimeoutError once `seconds` have passed."""
        return await combinators.deadline(self, seconds, work)
