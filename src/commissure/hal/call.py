"""The records of one request. Plain frozen data: no behaviour beyond reading and checking itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from commissure.hal.errors import UsageError, unknown

MOST_PIXELS, MOST_ANSWERS, MOST_LOGPROBS = 1_000_000, 1024, 20
# As OpenAI, Anthropic and the engines that follow them allow.
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
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
    """An image of a prompt by its size; equal names mean equal pixels. A real endpoint needs its file's bytes too."""

    width_px: int
    height_px: int
    name: str = ""
    data: bytes = field(default=b"", repr=False)
    media_type: str = "image/png"

    def __post_init__(self) -> None:
        if not (1 <= self.width_px <= MOST_PIXELS and 1 <= self.height_px <= MOST_PIXELS):
            raise UsageError(f"an image has 1 to {MOST_PIXELS} pixels a side, not {self.width_px} x {self.height_px}")


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call: its name, what it does, and the JSON Schema of its arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}}, hash=False)

    def __post_init__(self) -> None:
        if not TOOL_NAME.fullmatch(self.name):
            raise UsageError(f"a tool's name has 1 to 64 letters, digits, _ or -, not {self.name!r}")
        _check_schema(f"the parameters of tool {self.name}", self.parameters)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool. `arguments` is JSON as the model wrote it, which may be broken."""

    name: str
    arguments: str
    id: str = ""

    def values(self) -> dict[str, Any]:
        """The arguments by name. Raises ValueError if they are not a JSON object."""
        values = json.loads(self.arguments or "{}")
        if not isinstance(values, dict):
            raise ValueError(f"the arguments of {self.name} are no JSON object: {self.arguments!r:.200}")
        return values


@dataclass(frozen=True, slots=True)
class Message:
    """An earlier turn of a conversation. A tool's result names the call that it answers."""

    role: Literal["user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint.

    `agent` names who asks: a node of the workflow graph, and the owner of the KV prefix that `system` makes. `workflow`
    names which of several workflows that run at once it is in, `node` where in its graph, if agents call at several.
    `kind` is the sort of step (plan, expand, verify), for routers. `history` comes between `system` and `prompt`, which
    may then be empty. Without `chat` the prompt is continued as it stands, in no chat frame.

    With `min_tokens` the answer does not end earlier than that many tokens. `temperature` 0 asks for the likeliest
    answer as far as the endpoint allows. `n` answers come of one prompt. `schema` is the JSON Schema of the answer.
    `logprobs` asks for the tokens' log probabilities, beside so many others in the place of each. `cache_key` names
    what calls with the same beginning share, and `cache_ttl_s` how long it is wanted, for caches that can be asked.

    `prompt_tokens` is the length of the whole prompt where it is known and its text may not be, as in a trace.
    `state` is what an earlier reply left, to go on from in place of its text.
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
    history: tuple[Message, ...] = ()
    chat: bool = True
    n: int = 1
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    logprobs: int | None = None
    cache_key: str = ""
    cache_ttl_s: int | None = None
    workflow: str = ""
    node: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.min_tokens <= self.max_tokens or self.max_tokens < 1:
            raise UsageError(
                f"a call needs 1 <= max_tokens and 0 <= min_tokens <= max_tokens, "
                f"not max_tokens={self.max_tokens}, min_tokens={self.min_tokens}"
            )
        if self.schema is not None:
            _check_schema("the schema of a call", self.schema)
        if self.n != 1 or self.tools or self.logprobs is not None or self.tool_choice != "auto" or not self.chat:
            self._check_choices()

    def _check_choices(self) -> None:
        if not 1 <= self.n <= MOST_ANSWERS:
            raise UsageError(f"a call asks for 1 to {MOST_ANSWERS} answers, not n={self.n}")
        if self.logprobs is not None and not 0 <= self.logprobs <= MOST_LOGPROBS:
            raise UsageError(f"logprobs is the number of other tokens shown, 0 to {MOST_LOGPROBS}, not {self.logprobs}")
        names = [tool.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise UsageError(f"two tools have the same name: {', '.join(names)}")
        if self.tool_choice not in ("auto", "none") and not names:
            raise UsageError(f"tool_choice {self.tool_choice!r} needs tools to choose from")
        if self.tool_choice not in ("auto", "none", "required", *names):
            raise unknown("tool_choice", self.tool_choice, ["auto", "none", "required", *names])
        if not self.chat and (self.system or self.history or self.tools or self.images):
            raise UsageError("a call without chat is its prompt alone: no system, history, tools or images")


def _check_schema(what: str, schema: Any) -> None:
    """Raise UsageError for what cannot be sent as a JSON object; whether it is a JSON Schema, endpoints say."""
    if not isinstance(schema, Mapping):
        raise UsageError(f"{what} is a JSON Schema, an object such as {{'type': 'string'}}, not {schema!r:.80}")
    try:
        json.dumps(dict(schema), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{what} cannot be written as JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class CacheHint:
    """A wish about an endpoint's KV cache, which the endpoint answers and may decline.

    Endpoints with KV slots (`Capabilities.kv_slots`) take all by `slot`; the others take what `hints` lists.

    place: serve this agent's next calls in `slot`; without slots, keep the agent's prefix: `priority` says how much
    longer than those of others it is wanted, larger stays longer (where `kv_priorities`), and `call` is one that begins
    with it (elsewhere). evict: drop the slot's contents; without slots, want the agent's prefix no longer than any.
    prefetch: compute `call`'s prompt now, without an answer. save, restore: write the agent's KV state to the
    endpoint's disk, or read it into `slot`.

    accepted: done, or in force from the agent's next call on. clipped: done in part; the endpoint's own policy still
    has the last word. unsupported: nothing was done, and nothing sent.
    """

    action: HintAction
    agent: str = ""
    slot: int | None = None
    call: Call | None = None
    priority: int | None = None
