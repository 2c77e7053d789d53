"""What a llama.cpp server sends, as far as it is read; anything else is refused (tools/server/README.md)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Timings(_Wire):
    """The server's own account of a call; `prompt_n` excludes the reused `cache_n`."""

    cache_n: Count
    prompt_n: Count
    prompt_ms: Milliseconds
    predicted_n: Count
    predicted_ms: Milliseconds


class Text(_Wire):
    """A message or a delta of one."""

    content: str | None = None


class Choice(_Wire):
    """One of the answers."""

    message: Text
    finish_reason: str


class Answer(_Wire):
    """The body of a chat completion."""

    choices: Annotated[list[Choice], Field(min_length=1)]
    timings: Timings


class StreamChoice(_Wire):
    """A piece of one of the answers."""

    delta: Text
    finish_reason: str | None = None


class StreamEvent(_Wire):
    """One event of a streamed chat completion; the last has the timings."""

    choices: list[StreamChoice] = []
    timings: Timings | None = None
    error: Any = None


class Slot(_Wire):
    """One entry of /slots."""

    is_processing: bool
    n_prompt_tokens: Count = 0


class Slots(_Wire):
    """The answer of /slots, under a name of ours."""

    slots: list[Slot]
