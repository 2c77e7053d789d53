"""The endpoint seam: one model served on one chip by one provider, real or modelled."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from commissure.hal.call import CacheHint, Call, Chunk, HintAction, HintOutcome, Reply
from commissure.hal.profile import Profile


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an endpoint can do. `kv_slots` is the number of KV slots that hints can address, 0 if none.

    `context_tokens` is the room for one prompt and its answer as the endpoint is set up, where that is known.
    """

    kv_slots: int = 0
    context_tokens: int | None = None
    hints: frozenset[HintAction] = frozenset()
    min_tokens: bool = True


@dataclass(frozen=True, slots=True)
class Status:
    """How an endpoint is now: calls under way, and per KV slot the tokens that it holds."""

    running: int
    slot_tokens: tuple[int, ...] = ()


class Endpoint(Protocol):
    """What a router chooses and a workflow calls."""

    @property
    def name(self) -> str:
        """Its name in the fleet."""

    @property
    def profile(self) -> Profile:
        """What is known of it."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    async def generate(self, call: Call) -> Reply:
        """Answer the call. Raises EndpointError when no usable answer comes."""

    def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer in pieces; the texts of the chunks join to the reply's. Use it inside `aclosing`.

        Raises TruncatedStream if the stream ends before its closing chunk.
        """

    async def hint(self, hint: CacheHint) -> HintOutcome:
        """Take a wish about the KV cache and say what became of it."""

    async def status(self) -> Status:
        """How the endpoint is now."""
