"""A circuit breaker: an endpoint that keeps failing is left alone for a while, then probed by one call."""

from __future__ import annotations

from math import inf

from commissure.hal.errors import CircuitOpen, EndpointError, RateLimited, Refused


def is_failure(error: BaseException | None) -> bool:
    """Whether an outcome speaks against the endpoint: not a refusal, a call never sent, or a cancellation."""
    return isinstance(error, EndpointError) and not isinstance(error, (RateLimited, Refused, CircuitOpen))


class Breaker:
    """Closed, until `failures` calls in a row fail; open for `rest_s`; then half-open, for one probe at a time.

    (Nygard, "Release It!", 2007.) A probe that succeeds closes it, one that fails opens it anew. What is neither, such
    as a cancelled probe, changes nothing, and the next call may probe. With 0 failures it never opens.
    """

    def __init__(self, endpoint: str, failures: int, rest_s: float) -> None:
        self._endpoint = endpoint
        self._limit = failures or inf
        self._rest_s = rest_s
        self._failed = 0
        # When an open breaker becomes half-open; None while it is closed.
        self._probe_from_s: float | None = None
        self._probing = False
        # Outcomes of calls sent before the last change say nothing of the present.
        self._era = 0

    def enter(self, now: float) -> int:
        """The ticket of a call that may be sent now, for `leave`. Raises CircuitOpen."""
        if self._probe_from_s is not None:
            rest_s = self._probe_from_s - now
            if rest_s > 0 or self._probing:
                raise CircuitOpen(self._endpoint, self._failed, max(0.0, rest_s))
            self._probing = True
            self._era += 1
        return self._era

    def leave(self, ticket: int, error: BaseException | None, now: float) -> None:
        """A call that was sent has ended, well if `error` is None."""
        if ticket != self._era:
            return
        if error is None:
            self._failed, self._probe_from_s = 0, None
        elif is_failure(error):
            # Only a success begins the count anew, so that one failed probe is enough.
            self._failed += 1
            if self._failed >= self._limit:
                self._probe_from_s = now + self._rest_s
                self._era += 1
        self._probing = False
