"""Errors are part of the interface: what was given, what is allowed, the nearest match, the fix."""

from collections.abc import Iterable
from difflib import get_close_matches


class CommissureError(Exception):
    """Something failed that the caller may handle; the message is written for a person."""


class UsageError(CommissureError):
    """The caller's input is wrong: a name, a file, a setting. Exit status 2."""


class MissingExtra(UsageError):
    """An optional dependency is absent; the message names the command that installs it."""

    def __init__(self, what: str, command: str) -> None:
        super().__init__(f"{what} is not installed. Install it with:\n    {command}")


class BudgetExceeded(CommissureError):
    """A reservation would pass the budget; nothing was sent."""


class Unsupported(UsageError):
    """A call asks for what its endpoint cannot do; nothing was sent."""


class EndpointError(CommissureError):
    """An endpoint did not give a usable answer.

    `retryable` says whether another try may help, `may_bill` whether the provider may charge for this one, and
    `status` the HTTP status where there was one.
    """

    may_bill = False

    def __init__(self, endpoint: str, problem: str, *, retryable: bool = False, status: int | None = None) -> None:
        super().__init__(f"endpoint {endpoint!r}: {problem}")
        self.endpoint = endpoint
        self.problem = problem
        self.retryable = retryable
        self.status = status


class Unreachable(EndpointError):
    """No connection came about, or it broke before anything was answered."""


class NoAnswerInTime(EndpointError):
    """The endpoint took the call and then stayed silent for too long."""

    may_bill = True


class Refused(EndpointError):
    """The endpoint says that the call is wrong, or may not be made: HTTP 4xx."""


class QuotaExhausted(Refused):
    """What was paid for is used up, which waiting does not mend: HTTP 402, or a 429 that says so."""


class ModelRetired(Refused):
    """The endpoint does not serve this model, or no longer: HTTP 410, or a 404 that says so."""


class ServerFault(EndpointError):
    """The endpoint failed by itself: HTTP 5xx."""


class MalformedReply(EndpointError):
    """What came back is not an answer: HTML, nothing, broken JSON, a field that is missing."""

    may_bill = True


class StreamFailed(EndpointError):
    """A stream carried an error in place of the rest of the answer."""

    may_bill = True


class TruncatedStream(EndpointError):
    """A stream ended without its closing chunk, so its text may be incomplete."""

    may_bill = True

    def __init__(self, endpoint: str, problem: str = "the stream ended before its closing chunk") -> None:
        super().__init__(endpoint, problem, retryable=True)


class RateLimited(EndpointError):
    """The endpoint refused a call because quota is used up.

    It fits `retry_after_s` seconds later; None where the endpoint does not say when.
    """

    def __init__(self, endpoint: str, limit: str, retry_after_s: float | None, status: int | None = None) -> None:
        wait = "later" if retry_after_s is None else f"in {retry_after_s:.3f} s"
        super().__init__(endpoint, f"{limit} is used up; try again {wait}", retryable=True, status=status)
        self.problem = f"{limit} is used up"
        self.limit = limit
        self.retry_after_s = retry_after_s


class CircuitOpen(EndpointError):
    """Nothing was sent: the endpoint has failed too often of late, and rests for `retry_after_s` seconds."""

    def __init__(self, endpoint: str, failures: int, retry_after_s: float) -> None:
        problem = f"not asked: {failures} calls in a row failed; it is tried again in {retry_after_s:.3f} s"
        super().__init__(endpoint, problem, retryable=True)
        self.retry_after_s = retry_after_s


class NotRecorded(EndpointError):
    """A replay was asked what its recording does not hold."""


def unknown(what: str, given: str, allowed: Iterable[str]) -> UsageError:
    """The error for a name that is none of the allowed ones, with its nearest match."""
    names = sorted(allowed)
    near = get_close_matches(given, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"unknown {what} {given!r}.{hint} Allowed: {', '.join(names) or 'none'}.")
