"""The bodies of OpenAI's chat completions into our records."""

from __future__ import annotations

from typing import Any

from commissure.hal.call import ToolCall
from commissure.hal.provider import WireError
from commissure.hal.reply import Choice, Logprob, Usage
from commissure.hal.wire.openai_wire import ChoiceBody, LogprobsBody, ToolBody, UsageBody


def usage_of(body: UsageBody) -> Usage:
    """The tokens of a call; what a provider counts twice is counted once."""
    details, said = body.prompt_tokens_details, body.completion_tokens_details
    cached = (details.cached_tokens if details else None) or body.cached_tokens or 0
    kept = (details.cache_write_tokens if details else None) or 0
    reasoning = (said.reasoning_tokens if said else None) or body.reasoning_tokens or 0
    # Within the answer's tokens at OpenAI and those who follow it; beside them where they would not fit.
    output = body.completion_tokens - reasoning if reasoning <= body.completion_tokens else body.completion_tokens
    cached = min(cached, body.prompt_tokens)
    return Usage(body.prompt_tokens, cached, output, reasoning, min(kept, body.prompt_tokens - cached))


def wire_error(error: Any) -> WireError:
    """An error object, in any of the forms that providers give it."""
    message, code = error, ""
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or error
        code = str(error.get("code") or error.get("type") or "")
    said = f"{code} {message}".lower()
    own_fault = code == "500" or any(word in said for word in ("overloaded", "server_error", "unavailable"))
    return WireError(f"{code}: {message}" if code else f"{message}", retryable=own_fault)


def logprobs_of(body: LogprobsBody | None) -> tuple[Logprob, ...]:
    """Log probabilities in either form."""
    if body is None:
        return ()
    if body.content is not None:
        return tuple(
            Logprob(one.token, one.logprob, tuple((top.token, top.logprob) for top in one.top_logprobs))
            for one in body.content
        )
    tokens, values = body.tokens or [], body.token_logprobs or []
    tops = body.top_logprobs or [None] * len(tokens)
    columns = zip(tokens, values, tops, strict=False)
    return tuple(Logprob(token, value or 0.0, tuple((top or {}).items())) for token, value, top in columns)


def _tool_call(body: ToolBody) -> ToolCall:
    """A tool call in whole."""
    return ToolCall(body.function.name or "", body.function.arguments or "", body.id or "")


def choice_of(body: ChoiceBody) -> Choice:
    """One answer in whole. Raises ValueError if it holds none."""
    message = body.message
    if message is None:
        if body.text is None:
            raise ValueError("a choice has neither a message nor a text")
        return Choice(body.text, body.finish_reason or "stop", logprobs=logprobs_of(body.logprobs))
    return Choice(
        message.content or message.refusal or "",
        body.finish_reason or "stop",
        tuple(_tool_call(one) for one in message.tool_calls or ()),
        message.reasoning_content or message.reasoning or "",
        logprobs_of(body.logprobs),
    )
