"""The records of one request and its answer. Plain frozen data: no behaviour beyond reading itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from commissure.hal.errors import UsageError

TimingSource = Literal["server", "client", "sim"]
MOST_PIXELS = 1_000_000
HintAction = Literal["place", "evict", "prefetch", "save", "restore"]
HintOutcome = Literal["accepted", "clipped", "unsupported"]


@dataclass(frozen=True, slots=True)
class KvState:
    """The KV state of a conversation, held at an endpoint: `tokens` of it, in the layout of `model`."""

    model: str
    tokens: int
    endpoint: str

    def __post_init__(self) -> None:
        if not isinstance(self.tokens, int) or self.tokens < 1:
            raise UsageError(f"a KV state holds a whole number of tokens from 1 on, not {self.tokens!r}")


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a prompt by its size; equal names mean equal pixels."""

    width_px: int
    height_px: int
    name: str = ""

    def __post_init__(self) -> None:
        if not (1 <= self.width_px <= MOST_PIXELS and 1 <= self.height_px <= MOST_PIXELS):
            raise UsageError(f"an image has 1 to {MOST_PIXELS} pixels a side, not {self.width_px} x {self.height_px}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint.

    `agent` names who asks: a node of the workflow graph, and the owner of the KV prefix that `system` makes.
    `kind` is the sort of step (plan, expand, verify), for routers. With `min_tokens` the answer does not
    end earlier than that many tokens. `prompt_tokens` is the length of the whole prompt where it is known and its
    text may not be, as in a trace. `state` is what an earlier reply left, to go on from in place of its text.
    """

    prompt: str
    system: str = ""
    kind: str = ""
    agent: str = ""
    max_tokens: int = 256
    min_tokens: int = 0
    temperature: float = 0.0
    seed: int | None = None
    prompt_tokens: int | None = None
    images: tuple[Image, ...] = ()
    state: KvState | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_tokens <= self.max_tokens or self.max_tokens < 1:
            raise UsageError(
                f"a call needs 1 <= max_tokens and 0 <= min_tokens <= max_tokens, "
                f"not max_tokens={self.max_tokens}, min_tokens={self.min_tokens}"
            )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `prompt_tokens` counts the whole prompt, of which `cached_tokens` were reused.

    `reasoning_tokens` came before the visible output, and are billed like it.
    """

    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0

    @property
    def computed_tokens(self) -> int:
        """Prompt tokens that had to be computed."""
        return self.prompt_tokens - self.cached_tokens


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call, on the run's clock. `total_s` is what the caller waited, queue included.

    `prefill_s` and `decode_s` are the engine's own where `source` is "server", else what the client saw.
    """

    start_s: float
    queue_s: float
    prefill_s: float
    decode_s: float
    total_s: float
    source: TimingSource


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one call. `slot` is the KV slot that served it, where the endpoint has slots.

    `state` is the KV state that it left, where the endpoint hands such states on.
    """

    text: str
    usage: Usage
    timing: Timing
    endpoint: str
    cost_usd: float = 0.0
    slot: int | None = None
    finish: str = "stop"
    state: KvState | None = None

    def lines(self) -> list[str]:
        """The non-empty lines of the text."""
        return [line.strip() for line in self.text.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer. The last chunk of a stream, and only it, carries the whole `reply`."""

    text: str
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class CacheHint:
    """A wish about an endpoint's KV cache, which the endpoint answers and may decline.

    place: serve this agent's next calls in `slot`. evict: drop the slot's contents. prefetch: compute
    `call`'s prompt now, without an answer. save, restore: write the agent's KV state to the endpoint's
    disk, or read it into `slot`.
    """

    action: HintAction
    agent: str = ""
    slot: int | None = None
    call: Call | None = None


def join(replies: list[Reply]) -> str:
    """The texts of several replies as one, separated by blank lines."""
    return "\n\n".join(reply.text for reply in replies)
