"""The smallest endpoint: it answers at once, for nothing. Kept for tests and as the pattern of an adapter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.capabilities import Capabilities
from commissure.hal.endpoint import Endpoint, Status
from commissure.hal.errors import Unsupported
from commissure.hal.fanout import whole_chunks
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.estimate import expected_usage
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice, Chunk, Reply, Timing
from commissure.hal.runtime import Runtime
from commissure.hal.words import filler

# It says filler words and nothing else.
CAPABILITIES = Capabilities(schema=False, tools=False, logprobs=None, images=False)


class NullEndpoint:
    """Answers every call with `min_tokens` filler words, or one; takes no time."""

    capabilities = CAPABILITIES

    def __init__(self, name: str, profile: Profile, rt: Runtime) -> None:
        self.name = name
        self.profile = profile
        self._rt = rt

    async def generate(self, call: Call) -> Reply:
        if missing := self.capabilities.missing(call):
            raise Unsupported(f"endpoint {self.name!r} (null) has no {', no '.join(missing)}")
        await self._rt.sleep(0)
        words = max(1, min(call.min_tokens, call.max_tokens))
        asked = replace(call, max_tokens=words, min_tokens=0)
        usage = expected_usage(asked, self.profile)
        timing = Timing(self._rt.now(), 0.0, 0.0, 0.0, 0.0, "client")
        return Reply((Choice(filler(words)),) * call.n, usage, timing, self.name, self.profile.price_usd(usage))

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        reply = await self.generate(call)
        async for chunk in whole_chunks(reply):
            yield chunk

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
