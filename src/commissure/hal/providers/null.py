"""The smallest endpoint: it answers at once, for nothing. Kept for tests and as the pattern of an adapter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.capabilities import Capabilities
from commissure.hal.endpoint import Endpoint, Status
from commissure.hal.estimate import expected_usage
from commissure.hal.profile import Profile
from commissure.hal.reply import Choice, Chunk, Reply, Timing
from commissure.hal.runtime import Runtime
from commissure.hal.spec import EndpointSpec
from commissure.hal.words import filler


class NullEndpoint:
    """Answers every call with `min_tokens` filler words, or one; takes no time."""

    capabilities = Capabilities()

    def __init__(self, name: str, profile: Profile, rt: Runtime) -> None:
        self.name = name
        self.profile = profile
        self._rt = rt

    async def generate(self, call: Call) -> Reply:
        await self._rt.sleep(0)
        words = max(1, min(call.min_tokens, call.max_tokens))
        usage = expected_usage(Call(call.prompt, call.system, max_tokens=words), self.profile)
        timing = Timing(self._rt.now(), 0.0, 0.0, 0.0, 0.0, "client")
        return Reply((Choice(filler(words)),), usage, timing, self.name, self.profile.price_usd(usage))

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        reply = await self.generate(call)
        yield Chunk(reply.text)
        yield Chunk("", reply)

    async def hint(self, hint: CacheHint) -> HintOutcome:
        return "unsupported"

    async def status(self) -> Status:
        return Status(running=0)


def require(spec: EndpointSpec) -> None:
    """Nothing is needed."""


@asynccontextmanager
async def connect(
    spec: EndpointSpec, profile: Profile, rt: Runtime, wrap: Callable[..., object]
) -> AsyncIterator[Endpoint]:
    """Open the endpoint; there is nothing to open."""
    yield NullEndpoint(spec.name, profile, rt)
