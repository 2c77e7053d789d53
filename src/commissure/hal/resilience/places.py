"""A semaphore that can also be asked whether a place is free at once."""

from __future__ import annotations

from commissure.hal.clock.primitives import Primitives


class Places:
    """So many places, granted in order of arrival."""

    def __init__(self, rt: Primitives, places: int) -> None:
        self._semaphore = rt.semaphore(places)
        self._places = places
        self._wanted = 0

    def free(self) -> bool:
        """Whether `acquire` would not wait."""
        return self._wanted < self._places

    async def acquire(self) -> None:
        """Take a place, waiting in turn; a cancellation point even when one is free."""
        self._wanted += 1
        try:
            await self._semaphore.acquire()
        except BaseException:
            self._wanted -= 1
            raise

    def release(self) -> None:
        """Give a place back, to the one who has waited longest if there is one."""
        self._wanted -= 1
        self._semaphore.release()
