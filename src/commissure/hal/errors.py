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


class EndpointError(CommissureError):
    """An endpoint did not give a usable answer; `retryable` says whether another try may help."""

    def __init__(self, endpoint: str, problem: str, *, retryable: bool = False) -> None:
        super().__init__(f"endpoint {endpoint!r}: {problem}")
        self.endpoint = endpoint
        self.problem = problem
        self.retryable = retryable


class TruncatedStream(EndpointError):
    """A stream ended without its closing chunk, so its text may be incomplete."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint, "the stream ended before its closing chunk", retryable=True)


class RateLimited(EndpointError):
    """The endpoint refused a call because quota is used up; it fits `retry_after_s` seconds later."""

    def __init__(self, endpoint: str, limit: str, retry_after_s: float) -> None:
        super().__init__(endpoint, f"{limit} is used up; try again in {retry_after_s:.3f} s", retryable=True)
        self.problem = f"{limit} is used up"
        self.limit = limit
        self.retry_after_s = retry_after_s


def unknown(what: str, given: str, allowed: Iterable[str]) -> UsageError:
    """The error for a name that is none of the allowed ones, with its nearest match."""
    names = sorted(allowed)
    near = get_close_matches(given, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"unknown {what} {given!r}.{hint} Allowed: {', '.join(names) or 'none'}.")
