"""Several answers to one prompt from an endpoint that gives fewer at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace

from commissure.hal.call import Call
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Chunk, Reply, Timing, Usage
from commissure.hal.runtime import Runtime


async def fan_out(
    rt: Runtime,
    call: Call,
    profile: Profile,
    ask: Callable[[Call], Awaitable[Reply]],
    most: int = 1,
    *,
    shared: bool = False,
) -> Reply:
    """Ask for the `call.n` answers in requests for at most `most` each, all at once, and put the answers together.

    Where a seed is given, each request's is its first answer's number further on: engines count on from it themselves
    (llama.cpp and vLLM do), so that no two answers have the same. The prompt counts once a request; with `shared` once
    in all, as at an engine that gives several answers itself. Raises what `ask` raises.
    """
    replies = await rt.gather(*(ask(part) for part in in_parts(call, most)))
    last = max(replies, key=lambda reply: _end_s(reply.timing))
    choices = tuple(choice for reply in replies for choice in reply.choices)
    usage = together([reply.usage for reply in replies], shared=shared)
    timing = _timing([reply.timing for reply in replies], last.timing)
    return replace(last, choices=choices, usage=usage, timing=timing, cost_usd=profile.price_usd(usage))


def in_parts(call: Call, most: int) -> list[Call]:
    """The call as requests for at most `most` answers each, with seeds of their own."""
    return [
        replace(call, n=min(most, call.n - first), seed=None if call.seed is None else call.seed + first)
        for first in range(0, call.n, most)
    ]


async def whole_chunks(reply: Reply) -> AsyncGenerator[Chunk, None]:
    """A reply as a stream: each answer as one piece."""
    for number, choice in enumerate(reply.choices):
        yield Chunk(choice.text, None, "text", number)
    yield Chunk("", reply)


def _end_s(timing: Timing) -> float:
    return timing.start_s + timing.total_s


def _timing(timings: Sequence[Timing], last: Timing) -> Timing:
    """Of all: from the first that was sent to the last that ended, with the first token of any."""
    start_s = min(one.start_s for one in timings)
    firsts = [one.start_s + one.first_s for one in timings if one.first_s is not None]
    first_s = min(firsts) - start_s if len(firsts) == len(timings) else None
    chunks_s = tuple(last.start_s - start_s + moment_s for moment_s in last.chunks_s)
    return replace(last, start_s=start_s, total_s=_end_s(last) - start_s, first_s=first_s, chunks_s=chunks_s)


def together(usages: Sequence[Usage], *, shared: bool) -> Usage:
    """The tokens of several answers; with `shared`, of one prompt: that of the answer for which it was computed."""
    asked = [min(usages, key=lambda one: one.cached_tokens)] if shared else usages
    return Usage(
        sum(one.prompt_tokens for one in asked),
        sum(one.cached_tokens for one in asked),
        sum(one.output_tokens for one in usages),
        sum(one.reasoning_tokens for one in usages),
        sum(one.cache_write_tokens for one in asked),
        any(one.estimated for one in usages),
    )
