"""Parts of answers that several providers share: errors, log-probabilities, rate-limit headers, metrics text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commissure.hal.words import WORDS

Errors = Mapping[str, tuple[str, Any, str]]
Sample = tuple[str, str, str, float]  # name, type, labels, value

# By kind: (type, code, message). openai-python 3.54 types/shared/error_object.py; developers.openai.com error-codes.
# `gone` and `pay` are not OpenAI's own (assumed): it answers 404 and 429 there.
ERRORS: Errors = {
    "server": ("server_error", None, "The server had an error while processing your request."),
    "unavailable": ("server_error", "service_unavailable", "The engine is currently overloaded, try again later."),
    "overloaded": ("overloaded_error", "overloaded", "Overloaded"),
    "rate": ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    "spent": ("insufficient_quota", "insufficient_quota", "You exceeded your current quota, check your plan."),
    "pay": ("billing_error", "payment_required", "Payment required: add credits to go on."),
    "gone": ("invalid_request_error", "model_retired", "The model `{model}` has been retired."),
    "model": ("invalid_request_error", "model_not_found", "The model `{model}` does not exist."),
    "param": ("invalid_request_error", "invalid_value", "Invalid value for 'temperature'."),
    "unknown": ("invalid_request_error", None, "Unrecognized request argument supplied."),
    "auth": ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: {key}."),
    "path": ("invalid_request_error", None, "Invalid URL."),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the rate-limit headers say."""

    requests: int = 10_000
    tokens: int = 10_000_000
    requests_left: int = 10_000
    tokens_left: int = 10_000_000
    reset_s: float = 30.0


def openai_limits(limits: Limits) -> dict[str, str]:
    """developers.openai.com guides/rate-limits: a reset is a duration such as 825ms or 6m0s."""
    reset = f"{limits.reset_s * 1000:.0f}ms" if limits.reset_s < 1 else f"{limits.reset_s:g}s"
    return {
        "x-ratelimit-limit-requests": str(limits.requests),
        "x-ratelimit-limit-tokens": str(limits.tokens),
        "x-ratelimit-remaining-requests": str(limits.requests_left),
        "x-ratelimit-remaining-tokens": str(limits.tokens_left),
        "x-ratelimit-reset-requests": reset,
        "x-ratelimit-reset-tokens": reset,
    }


def logprob(text: str, top: int) -> dict[str, Any]:
    """openai-python 3.54 types/chat/chat_completion_token_logprob.py; the numbers follow from the token's length."""
    own = -0.1 - len(text) / 100
    others = [(text, own)] + [(f" {word}", own - 1 - rank) for rank, word in enumerate(WORDS[:top])]
    tops = [{"token": one, "logprob": value, "bytes": list(one.encode())} for one, value in others[:top]]
    return {"token": text, "logprob": own, "bytes": list(text.encode()), "top_logprobs": tops}


def text_logprobs(pieces: Sequence[str], top: int, start: int = 0) -> dict[str, Any]:
    """openai-python 3.54 types/completion_choice.py; `start` is the offset of the first piece in the text."""
    offsets = [start + sum(map(len, pieces[:place])) for place in range(len(pieces))]
    rows = [logprob(piece, top) for piece in pieces]
    return {
        "tokens": list(pieces),
        "token_logprobs": [row["logprob"] for row in rows],
        "top_logprobs": [{one["token"]: one["logprob"] for one in row["top_logprobs"]} for row in rows],
        "text_offset": offsets,
    }


def exposition(samples: Sequence[Sample]) -> bytes:
    """Prometheus text (prometheus.io/docs/instrumenting/exposition_formats)."""
    lines: list[str] = []
    typed = set()
    for name, kind, labels, value in samples:
        family = re.sub("_(bucket|sum|count)$", "", name) if kind == "histogram" else name
        if family not in typed:
            typed.add(family)
            lines += [f"# HELP {family} {family.partition(':')[2].replace('_', ' ')}.", f"# TYPE {family} {kind}"]
        lines.append(f"{name}{{{labels}}} {value:g}" if labels else f"{name} {value:g}")
    return ("\n".join(lines) + "\n").encode()


def histogram(name: str, labels: str, values: Sequence[float]) -> list[Sample]:
    """The samples of a histogram with the buckets 0.01, 0.1, 1 and 10 s."""
    rows = [(f'{labels},le="{bound:g}"', sum(value <= bound for value in values)) for bound in (0.01, 0.1, 1.0, 10.0)]
    rows.append((f'{labels},le="+Inf"', len(values)))
    return [
        *((f"{name}_bucket", "histogram", label, float(count)) for label, count in rows),
        (f"{name}_sum", "histogram", labels, sum(values)),
        (f"{name}_count", "histogram", labels, float(len(values))),
    ]
