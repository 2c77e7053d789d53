"""Rate limits of a hosted endpoint: token buckets that refill continuously and hold one period's quota."""

from __future__ import annotations

from typing import NamedTuple

from commissure.hal.errors import EndpointError, RateLimited, UsageError
from commissure.hal.profiles.serving import Limits

MINUTE_S, DAY_S = 60.0, 86_400.0
# A call that comes when a refusal told it to must fit, although clocks round: to a microsecond of refill.
CLOCK_S = 1e-6


class Amounts(NamedTuple):
    """What a call takes of each kind of quota; `tokens` are all, in and out, hidden ones included."""

    requests: int
    tokens: int
    uncached: int


# Which quota a limit counts, by its place in `Amounts`, and its period.
METERS = {
    "requests_per_minute": (0, MINUTE_S),
    "tokens_per_minute": (1, MINUTE_S),
    "uncached_tokens_per_minute": (2, MINUTE_S),
    "tokens_per_day": (1, DAY_S),
    "requests_per_day": (0, DAY_S),
}


class Bucket:
    """Quota of one kind: full at first, `capacity` of it comes back in `period_s`, evenly.

    Its whole state is when it will be full again, which lies in the past while it is full.
    """

    def __init__(self, capacity: float, period_s: float) -> None:
        self.capacity = capacity
        self._unit_s = period_s / capacity
        self._full_s = 0.0

    def level(self, now: float) -> float:
        """What it holds; below 0 when calls took more than they had asked for."""
        return self.capacity - max(0.0, self._full_s - now) / self._unit_s

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until it holds an amount of at most `capacity`; 0 if it does now."""
        wait = self._full_s - (self.capacity - amount) * self._unit_s - now
        return wait if wait > CLOCK_S else 0.0

    def take(self, amount: float, now: float) -> None:
        """Take an amount, even into debt; a negative one is given back, and lost where the bucket is full."""
        self._full_s = max(self._full_s, now) + amount * self._unit_s


class Limiter:
    """All limits of one endpoint. A call takes from every bucket or from none."""

    def __init__(self, endpoint: str, limits: Limits | None) -> None:
        self.reserves_output = limits is not None and limits.reserve_output
        self._endpoint = endpoint
        self._buckets: list[tuple[str, int, Bucket]] = []
        for name, (kind, period_s) in METERS.items():
            quantity = getattr(limits, name, None)
            if quantity is None:
                continue
            if quantity.value < 1:
                raise UsageError(f"endpoint {endpoint!r}: {name} must be at least 1, not {quantity.value}")
            self._buckets.append((name, kind, Bucket(quantity.value, period_s)))

    def take(self, asked: Amounts, now: float) -> EndpointError | None:
        """Reserve quota, or say why not: RateLimited, or an error not to be retried for a call that can never fit.

        A refused call takes nothing. Of several limits in its way, the one that takes longest to clear is named.
        The error is returned, not raised: with a traceback it would keep the frames of every refusal alive.
        """
        longest_s, limit = 0.0, ""
        for name, kind, bucket in self._buckets:
            if asked[kind] > bucket.capacity:
                problem = f"a call of {asked[kind]:,} tokens can never fit {name} = {bucket.capacity:,.0f}"
                return EndpointError(self._endpoint, problem)
            wait_s = bucket.wait_s(asked[kind], now)
            if wait_s > longest_s:
                longest_s, limit = wait_s, name
        if limit:
            return RateLimited(self._endpoint, limit, longest_s)
        for _, kind, bucket in self._buckets:
            bucket.take(asked[kind], now)
        return None

    def settle(self, asked: Amounts, used: Amounts, now: float) -> None:
        """A call has ended: give back what it reserved and did not use, and take what it used beyond that."""
        for _, kind, bucket in self._buckets:
            if asked[kind] != used[kind]:
                bucket.take(used[kind] - asked[kind], now)
