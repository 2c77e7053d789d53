"""Several answers to one prompt from an endpoint that gives one at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

from commissure.hal.call import Call
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Chunk, Reply, Usage
from commissure.hal.runtime import Runtime


async def fan_out(
    rt: Runtime, call: Call, profile: Profile, one: Callable[[Call], Awaitable[Reply]], *, shared: bool = False
) -> Reply:
    """Ask `call.n` times at once, each with its own seed where one is given, and put the answers together.

    With `shared` the prompt counts once, as at an engine that gives several answers itself. Raises what `one` raises.
    """
    seeds = [None if call.seed is None else call.seed + number for number in range(call.n)]
    replies = await rt.gather(*(one(replace(call, n=1, seed=seed)) for seed in seeds))
    last = max(replies, key=lambda reply: reply.timing.start_s + reply.timing.total_s)
    choices = tuple(choice for reply in replies for choice in reply.choices)
    usage = _together([reply.usage for reply in replies], shared=shared)
    return replace(last, choices=choices, usage=usage, cost_usd=profile.price_usd(usage))


async def whole_chunks(reply: Reply) -> AsyncGenerator[Chunk, None]:
    """A reply as a stream: each answer as one piece."""
    for number, choice in enumerate(reply.choices):
        yield Chunk(choice.text, None, "text", number)
    yield Chunk("", reply)


def _together(usages: list[Usage], *, shared: bool) -> Usage:
    asked = usages[:1] if shared else usages
    return Usage(
        sum(one.prompt_tokens for one in asked),
        sum(one.cached_tokens for one in asked),
        sum(one.output_tokens for one in usages),
        sum(one.reasoning_tokens for one in usages),
        sum(one.cache_write_tokens for one in asked),
        any(one.estimated for one in usages),
    )
