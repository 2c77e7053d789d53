"""What the server has seen, and what it would charge for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.api.http import Request


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came: header names in lower case, the body parsed if it was a JSON object."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any] | None


def seen(request: Request) -> Seen:
    """The request with its body read."""
    try:
        body = json.loads(request.body or b"null")
    except ValueError:
        body = None
    return Seen(request.method, request.path, request.headers, body if isinstance(body, dict) else None)


@dataclass(slots=True)
class Bill:
    """What one call costs, in tokens. `prompt_tokens` is the whole prompt: `cached_tokens` is the part of it that was
    read from the cache, `written_tokens` the part newly put there. All zero for what was refused or never began.
    """

    request: Seen
    fault: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    output_tokens: int = 0
    cancelled: bool = False


@dataclass(slots=True)
class Totals:
    """Sums over all calls, for servers in a process of their own."""

    requests: int = 0
    calls: int = 0
    cancelled: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def add(self, bill: Bill) -> None:
        """One call that has ended, in whatever way."""
        self.calls += 1
        self.cancelled += bill.cancelled
        self.prompt_tokens += bill.prompt_tokens
        self.cached_tokens += bill.cached_tokens
        self.output_tokens += bill.output_tokens
        if bill.fault:
            self.faults[bill.fault] = self.faults.get(bill.fault, 0) + 1
