"""The bodies of Anthropic's Messages API, as far as they are read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from commissure.hal.provider import WireError
from commissure.hal.reply import Usage

Count = Annotated[int, Field(ge=0, le=10**12)]
# Its words for why an answer ended, in those of the others.
_FINISH = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
    "refusal": "content_filter", "model_context_window_exceeded": "length",
}  # fmt: skip


class Wire(BaseModel):
    """What is not named is not read."""

    model_config = ConfigDict(frozen=True)


class OutputDetails(Wire):
    """Parts of the answer's tokens."""

    thinking_tokens: Count | None = None


class UsageBody(Wire):
    """Tokens of a call; in a stream the last event repeats only some."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    output_tokens_details: OutputDetails | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None


class Block(Wire):
    """A block of an answer."""

    type: str
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None


class MessageBody(Wire):
    """A whole answer."""

    content: list[Block]
    usage: UsageBody | None = None
    stop_reason: str | None = None


class Opening(Wire):
    """The message at the start of a stream: empty, with the prompt's tokens."""

    usage: UsageBody | None = None


class Delta(Wire):
    """A piece of a block, or of the message's end."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class EventBody(Wire):
    """One event of a stream."""

    type: str
    index: int = 0
    message: Opening | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: UsageBody | None = None


def finish_of(stop_reason: str | None) -> str:
    """Why an answer ended."""
    return _FINISH.get(stop_reason or "end_turn", stop_reason or "stop")


def usage_of(body: UsageBody | None) -> Usage | None:
    """`input_tokens` leaves out what was read from the cache or written to it; the prompt is all three.

    `output_tokens` is everything, thinking included (the types of anthropic 2.12, output_tokens_details.py).
    None where the prompt's tokens are not told: then the rest cannot be trusted either.
    """
    if body is None or body.input_tokens is None:
        return None
    read, written = body.cache_read_input_tokens or 0, body.cache_creation_input_tokens or 0
    said, details = body.output_tokens or 0, body.output_tokens_details
    thought = min((details.thinking_tokens if details else None) or 0, said)
    return Usage(body.input_tokens + read + written, read, said - thought, thought, written)


def error_of(body: dict[str, Any]) -> WireError:
    """An error object."""
    error = body.get("error")
    kind, message = (error.get("type"), error.get("message")) if isinstance(error, dict) else ("error", error)
    return WireError(f"{kind}: {message}", retryable=kind in ("overloaded_error", "api_error", "timeout_error"))
