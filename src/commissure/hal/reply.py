"""The records of an answer: what it says, the tokens that it took, and its times. Plain frozen data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from commissure.hal.call import KvState, ToolCall

TimingSource = Literal["server", "client", "sim"]
ChunkKind = Literal["text", "reasoning", "tool"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `prompt_tokens` counts the whole prompt, of which `cached_tokens` were reused.

    `reasoning_tokens` came before the visible output, and are billed like it. `cache_write_tokens` of the prompt
    were put into a cache that bills for it. `estimated`: the endpoint gave no usage; these were counted here.
    """

    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False

    @property
    def computed_tokens(self) -> int:
        """Prompt tokens that had to be computed."""
        return self.prompt_tokens - self.cached_tokens

    @property
    def said_tokens(self) -> int:
        """All tokens that were generated, the hidden ones included."""
        return self.output_tokens + self.reasoning_tokens


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call, on the run's clock. `total_s` is what the caller waited, queue included.

    `prefill_s` and `decode_s` are the engine's own where `source` is "server", else what the client saw; where
    neither is known, as of a call that was not streamed, all of it counts as decode. `first_s` and `chunks_s` are
    when the first piece of the answer and each piece of it came to the client, in seconds since `start_s`; a piece is
    not a token. `server` is what the server itself said, as it said it, if it did.
    """

    start_s: float
    queue_s: float
    prefill_s: float
    decode_s: float
    total_s: float
    source: TimingSource
    first_s: float | None = None
    chunks_s: tuple[float, ...] = ()
    server: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Logprob:
    """A generated token with its log probability, and the likeliest others in its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. `finish`: stop, length, tool_calls, content_filter, or what else the endpoint says."""

    text: str
    finish: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    logprobs: tuple[Logprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call: `n` answers, the first of which `text`, `finish` and so on speak of.

    `slot` is the KV slot that served it, where the endpoint has slots; `state` the KV state that it left, where the
    endpoint hands such states on.
    """

    choices: tuple[Choice, ...]
    usage: Usage
    timing: Timing
    endpoint: str
    cost_usd: float = 0.0
    slot: int | None = None
    state: KvState | None = None

    @property
    def text(self) -> str:
        """The first answer's text."""
        return self.choices[0].text

    @property
    def finish(self) -> str:
        """Why the first answer ended."""
        return self.choices[0].finish

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that the first answer calls."""
        return self.choices[0].tool_calls

    @property
    def reasoning(self) -> str:
        """What was thought before the first answer, where the endpoint shows it."""
        return self.choices[0].reasoning

    @property
    def logprobs(self) -> tuple[Logprob, ...]:
        """The tokens of the first answer."""
        return self.choices[0].logprobs

    def lines(self) -> list[str]:
        """The non-empty lines of the text."""
        return [line.strip() for line in self.text.splitlines() if line.strip()]

    def json(self) -> Any:
        """The text as JSON. Raises ValueError if it is none."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer, of its `choice`-th answer. The last, and only it, carries the whole `reply`.

    The pieces of kind "text" join to the answer's text; the others are what is thought, and the arguments of tools.
    """

    text: str
    reply: Reply | None = None
    kind: ChunkKind = "text"
    choice: int = 0


def join(replies: list[Reply]) -> str:
    """The texts of several replies as one, separated by blank lines."""
    return "\n\n".join(reply.text for reply in replies)
