"""What an attempt passes before it is sent: a place, quota, and the breaker, in this order."""

from __future__ import annotations

from commissure.hal.clock.primitives import Primitives
from commissure.hal.errors import BudgetExceeded, CircuitOpen, EndpointError, RateLimited, Unsupported
from commissure.hal.profiles.serving import Limits
from commissure.hal.resilience.breaker import Breaker
from commissure.hal.resilience.limits import Amounts
from commissure.hal.resilience.places import Places
from commissure.hal.resilience.quota import Quota
from commissure.hal.resilience.settings import Resilience

NOTHING = Amounts(0, 0, 0)
UNLIMITED = 1_000_000_000


class Gate:
    """The way in to one endpoint and out of it. Whoever was let in leaves, by the ticket that was given."""

    def __init__(self, rt: Primitives, endpoint: str, settings: Resilience, limits: Limits | None) -> None:
        self._rt = rt
        self._places = Places(rt, settings.concurrency or UNLIMITED)
        self._quota = Quota(rt, endpoint, limits)
        self._breaker = Breaker(endpoint, settings.breaker_failures, settings.breaker_rest_s)

    async def enter(self, asked: Amounts) -> int:
        """Wait in turn for a place and for quota. Raises CircuitOpen, and as `Quota.reserve` does."""
        await self._places.acquire()
        try:
            await self._quota.reserve(asked)
            return self._pass_breaker(asked)
        except BaseException:
            self._places.release()
            raise

    async def enter_now(self, asked: Amounts) -> int | None:
        """As `enter`, but None for an attempt that would have to wait or may not be sent."""
        if not self._places.free():
            return None
        await self._places.acquire()
        try:
            if self._quota.reserve_now(asked):
                return self._pass_breaker(asked)
        except CircuitOpen:
            pass
        self._places.release()
        return None

    def leave(self, ticket: int, asked: Amounts, used: Amounts) -> None:
        """An attempt has ended well, and has used this much."""
        self._leave(ticket, asked, used, None)

    def leave_failed(self, ticket: int, asked: Amounts, error: BaseException) -> None:
        """An attempt has failed or was cancelled. Unless it is certainly free, what it reserved counts as used."""
        if isinstance(error, RateLimited):
            self._quota.refused(error)
        self._leave(ticket, asked, NOTHING if _is_free(error) else asked, error)

    def _leave(self, ticket: int, asked: Amounts, used: Amounts, error: BaseException | None) -> None:
        self._quota.settle(asked, used)
        self._breaker.leave(ticket, error, self._rt.now())
        self._places.release()

    def _pass_breaker(self, asked: Amounts) -> int:
        try:
            return self._breaker.enter(self._rt.now())
        except CircuitOpen:
            self._quota.settle(asked, NOTHING)
            raise


def _is_free(error: BaseException) -> bool:
    """Whether the endpoint certainly charges nothing for an attempt that ended so."""
    if isinstance(error, EndpointError):
        return not error.may_bill
    return isinstance(error, (BudgetExceeded, Unsupported))
