"""The endpoint seam: one model served on one chip by one provider, real or modelled."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.capabilities import Capabilities
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Chunk, Reply


@dataclass(frozen=True, slots=True)
class Status:
    """How an endpoint is now: calls under way, and per KV slot the tokens that it holds.

    What the endpoint does not say is None: calls that wait in it, the share of its KV memory in use (0 to 1), and the
    share of prompt tokens that came from its prefix cache since it started. `limits` is what is left of its rate
    limits by their names, as it last said.
    """

    running: int
    slot_tokens: tuple[int, ...] = ()
    waiting: int | None = None
    kv_used: float | None = None
    prefix_hits: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict, hash=False)


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
        """Answer the call. Raises EndpointError when no usable answer comes, Unsupported before anything is sent."""

    def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer in pieces; the texts of the chunks join to the reply's. Use it inside `aclosing`.

        Raises as `generate` does, and TruncatedStream if the stream ends before its closing chunk.
        """

    async def hint(self, hint: CacheHint) -> HintOutcome:
        """Take a wish about the KV cache and say what became of it."""

    async def status(self) -> Status:
        """How the endpoint is now."""
