"""Rate limits from the client's side: calls wait in turn until they fit, rather than being refused."""

from __future__ import annotations

from commissure.hal.clock.primitives import Primitives
from commissure.hal.errors import EndpointError, RateLimited
from commissure.hal.profiles.serving import Limits
from commissure.hal.resilience.limits import CLOCK_S, DAY_S, Amounts, Limiter
from commissure.hal.resilience.places import Places

# No quota is counted over more than a day: whoever asks for a wait far beyond that refuses.
LONGEST_S = 2 * DAY_S


class Quota:
    """The token buckets of one endpoint, and the rest that it has asked for itself."""

    def __init__(self, rt: Primitives, endpoint: str, limits: Limits | None) -> None:
        self._rt = rt
        self._endpoint = endpoint
        self._limiter = Limiter(endpoint, limits)
        self._turn = Places(rt, 1)
        self._changed = rt.event()
        self._under_way = 0
        self._closed_until_s = 0.0
        self._named = ""

    async def reserve(self, asked: Amounts) -> None:
        """Take quota, waiting for room behind those who came before.

        Raises the limiter's EndpointError for a call that can never fit, and RateLimited where the wait is sure to
        outlast the deadline around the task, or two days.
        """
        await self._turn.acquire()
        try:
            while (refusal := self._take(asked)) is not None:
                await self._room(refusal)
        finally:
            self._turn.release()

    def reserve_now(self, asked: Amounts) -> bool:
        """Take quota if that needs no waiting."""
        return self._turn.free() and self._take(asked) is None

    def settle(self, asked: Amounts, used: Amounts) -> None:
        """A call has ended: give back what it reserved and did not use, and take what it used beyond that."""
        self._under_way -= 1
        self._limiter.settle(asked, used, self._rt.now())
        self._changed.set()

    def refused(self, error: RateLimited) -> None:
        """The endpoint itself refused a call: none leaves before it has asked for one."""
        until_s = self._rt.now() + (error.retry_after_s or 0.0)
        if until_s > self._closed_until_s:
            self._closed_until_s, self._named = until_s, error.limit

    def _take(self, asked: Amounts) -> EndpointError | None:
        now = self._rt.now()
        closed_s = self._closed_until_s - now
        if closed_s > CLOCK_S:
            return RateLimited(self._endpoint, self._named, closed_s)
        refusal = self._limiter.take(asked, now)
        if refusal is None:
            self._under_way += 1
        return refusal

    async def _room(self, refusal: EndpointError) -> None:
        """Wait for as long as a refusal says, or until quota has come back."""
        if not isinstance(refusal, RateLimited) or refusal.retry_after_s is None:
            raise refusal
        wait_s, now = refusal.retry_after_s, self._rt.now()
        # A bucket may have room earlier, when a call under way gives some of its reservation back.
        certain = not self._under_way or self._closed_until_s - now > CLOCK_S
        if certain and (wait_s > LONGEST_S or now + wait_s >= self._rt.deadline_s()):
            raise refusal
        self._changed = self._rt.event()
        with self._rt.move_on_after(wait_s):
            await self._changed.wait()
