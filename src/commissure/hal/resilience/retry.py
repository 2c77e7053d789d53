"""Whether a failed call may be tried again, and after how long."""

from __future__ import annotations

from commissure.hal.clock.dice import Dice, dice
from commissure.hal.errors import CircuitOpen, EndpointError, RateLimited
from commissure.hal.resilience.settings import Resilience

# What a quiet start may retry before its calls have earned a share.
ALLOWANCE = 10


class RetryBudget:
    """Extra attempts, retries and hedges alike, are at most a share of all calls, plus `ALLOWANCE`.

    A ratio, not a count: when everything fails, retries add no more than that share to the load ("Addressing
    Cascading Failures", Site Reliability Engineering, O'Reilly 2016; hedges count as in gRPC's gRFC A6).
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._calls = self._spent = 0

    def earn(self) -> None:
        """A call begins."""
        self._calls += 1

    def allows(self) -> bool:
        """Whether one more attempt may be spent."""
        return self._spent + 1 <= self._share * self._calls + ALLOWANCE

    def spend(self) -> None:
        """An extra attempt is made."""
        self._spent += 1


class Backoff:
    """The waits between the tries of one call, by decorrelated jitter.

    Each is uniform between `base_s` and three times the one before, but no longer than `longest_s` (Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog 2015; the bound is inside, so that no wait is likelier than
    others), on top of what the endpoint asks for: it may have told many calls the same.
    """

    def __init__(self, settings: Resilience, endpoint_dice: Dice) -> None:
        self._base_s, self._longest_s = settings.base_s, settings.longest_s
        # Dice of its own, cast in the order of calls: what fails first in one instant makes no difference.
        self._key = endpoint_dice.getrandbits(64)
        self._dice: Dice | None = None
        self._last_s = settings.base_s

    def next_s(self, error: EndpointError) -> float:
        """Seconds until the next try after an error."""
        asked_s = (error.retry_after_s or 0.0) if isinstance(error, (RateLimited, CircuitOpen)) else 0.0
        if self._dice is None:
            self._dice = dice(str(self._key))
        self._last_s = self._dice.uniform(self._base_s, min(self._longest_s, 3 * self._last_s))
        return asked_s + self._last_s
