"""The faults that the server plays on demand, each by name, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Where = Literal["before", "refuse", "instead", "during", "shape"]
Billed = Literal["nothing", "so far", "all"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `plain` says what a request without a stream suffers instead; `status` and `kind` are of refusals.

    where: before any byte; refuse with an error body; a wrong body instead of the answer; during the answer; or in
    the shape of an answer that is whole. waits: ends only when the client goes.
    """

    name: str
    where: Where
    says: str
    plain: str = "the same"
    billed: Billed = "nothing"
    status: int = 200
    kind: str = ""
    waits: bool = False


_TABLE = (
    Fault("reset", "before", "TCP reset before any answer byte"),
    Fault("close", "before", "connection closed in order before any answer byte, as a stale kept-alive one is"),
    Fault("hang", "before", "never answers", waits=True),
    Fault("http_500", "refuse", "internal error", status=500, kind="server"),
    Fault("http_503", "refuse", "unavailable", status=503, kind="unavailable"),
    Fault("http_529", "refuse", "overloaded, as Anthropic says it", status=529, kind="overloaded"),
    Fault("http_429", "refuse", "rate limit, Retry-After: 0.05 and rate-limit headers", status=429, kind="rate"),
    Fault("http_429_date", "refuse", "rate limit, Retry-After as a date 0.5 to 1.5 s ahead", status=429, kind="rate"),
    Fault("http_429_spent", "refuse", "quota or spend limit used up, no Retry-After", status=429, kind="spent"),
    Fault("http_402", "refuse", "payment required", status=402, kind="pay"),
    Fault("http_410", "refuse", "the model is retired", status=410, kind="gone"),
    Fault("http_404_model", "refuse", "no such model", status=404, kind="model"),
    Fault("http_400_param", "refuse", "error.param (or the message) names a parameter", status=400, kind="param"),
    Fault("http_401", "refuse", "the body echoes the key that was sent", status=401, kind="auth"),
    Fault("html", "instead", "200 with an HTML page"),
    Fault("empty", "instead", "200 with an empty body"),
    Fault("bad_json", "instead", "the body is no JSON; of a stream, each event", billed="all"),
    Fault("missing_field", "instead", "JSON without choices or content; of a stream, each event", billed="all"),
    Fault("stall", "during", "first chunk, then silence", "half the body, then silence", "so far", waits=True),
    Fault("truncated", "during", "ends in order, without finish_reason", "closed after half its length", "so far"),
    Fault("cut", "during", "TCP reset in the middle of a chunk", "reset after half its length", "so far"),
    Fault("error_event", "during", "an error object after some chunks, then the end", "http_500", "so far"),
    Fault("bad_event", "during", "a broken JSON event after some chunks, then the rest", "bad_json", "all"),
    Fault("no_usage", "shape", "no usage, nor llama.cpp's timings and vLLM's metrics", billed="all"),
    Fault("null_usage", "shape", "usage is null", billed="all"),
    Fault("late_usage_with_choices", "shape", "usage on the finish chunk, not on its own", "no effect", "all"),
    Fault("split_utf8", "shape", "multi-byte text with raw U+2028 and U+0085; each byte its own chunk", billed="all"),
    Fault("slow", "shape", "every delay twice as long", billed="all"),
    Fault("comments", "shape", "comment lines, blank keep-alives and unknown fields", "no effect", "all"),
    Fault("crlf", "shape", "CRLF line ends", "no effect", "all"),
)
FAULTS = {fault.name: fault for fault in _TABLE}


def fault(name: str) -> Fault:
    """By name. Raises ValueError that lists the names."""
    if name not in FAULTS:
        raise ValueError(f"no fault {name!r}; there are {', '.join(FAULTS)}")
    return FAULTS[name]


def without_stream(fault: Fault) -> Fault:
    """What a request without a stream suffers instead."""
    return FAULTS.get(fault.plain, fault)
