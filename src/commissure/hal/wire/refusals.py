"""Responses that are no answer, as typed errors: what was asked, the status, and what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from commissure.hal.errors import (
    EndpointError,
    MalformedReply,
    ModelRetired,
    NoAnswer,
    QuotaExhausted,
    RateLimited,
    Refused,
    ServerFault,
)
from commissure.hal.keys import redact
from commissure.hal.wire.rate_limits import retry_after_s, should_retry

SHOWN = 200
# Of a 429 that waiting does not mend: OpenAI, Anthropic on Azure, Moonshot (reference: their error-code pages).
_SPENT = (
    "insufficient_quota", "credit_balance", "enforced_spend_limit", "billing_hard_limit", "exceeded_current_quota",
    "billing_not_active",
)  # fmt: skip
_RETIRED = ("model_not_found", "not_found_error", "does not exist", "deprecated", "decommissioned", "retired")


def refusal(endpoint: str, what: str, status: int, headers: Mapping[str, str], content: bytes) -> EndpointError:
    """The error of a response whose status is not 200; `what` is the request, without secrets."""
    said = content.decode("utf-8", "replace").lower()
    problem = f"{what}: HTTP {status}: {shown(content)}"
    if status == 429 and not any(word in said for word in _SPENT):
        wait_s = retry_after_s(headers, _date_of(headers))
        limited = RateLimited(endpoint, f"quota ({problem})", wait_s, status)
        limited.retryable = should_retry(headers) is not False
        return limited
    if status in (402, 429):
        return QuotaExhausted(endpoint, problem, status=status)
    if status == 410 or (status == 404 and any(word in said for word in _RETIRED)):
        return ModelRetired(endpoint, f"{problem}; `commissure fleet ping` lists what it serves", status=status)
    retryable = should_retry(headers)
    if status >= 500:
        return ServerFault(endpoint, problem, retryable=retryable is not False, status=status)
    if retryable is None:
        retryable = status in (408, 409)
    advice = "; is the key right, and allowed to use this model?" if status in (401, 403) else ""
    return Refused(endpoint, problem + advice, retryable=retryable, status=status)


def parsed(endpoint: str, what: str, content: bytes) -> Any:
    """The JSON of a response. Raises MalformedReply for anything else."""
    if not content.strip():
        raise NoAnswer(endpoint, f"{what}: the answer is empty")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        if content.lstrip()[:1] == b"<":
            problem = f"{what}: expected JSON, got HTML: {shown(content)}; is base_url right?"
            raise NoAnswer(endpoint, problem) from None
        raise MalformedReply(endpoint, f"{what}: expected JSON, got: {shown(content)}") from None


def shown(content: bytes) -> str:
    """The beginning of what came back, without keys."""
    # Cut last: of a key that is cut in two, neither part is known.
    return repr(redact(content.decode("utf-8", "replace"))[:SHOWN])


def _date_of(headers: Mapping[str, str]) -> datetime | None:
    """When the server sent this, by its own clock: waits until a date are counted from there."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return None
