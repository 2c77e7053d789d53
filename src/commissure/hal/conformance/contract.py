"""What every endpoint does: answer, stream, be cancelled, serve several, refuse what does not fit, take hints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, get_args

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.conformance.asked import ASKED
from commissure.hal.conformance.rules import require
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import EndpointError
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.hal.words import filler

Check = Callable[[Runtime, Endpoint], Awaitable[None]]


def _call(endpoint: Endpoint) -> Call:
    return exact(endpoint, Call(filler(6), filler(24), agent="conformance", max_tokens=6))


def _other(endpoint: Endpoint) -> Call:
    return exact(endpoint, Call("again", filler(24), agent="conformance", max_tokens=4))


def exact(endpoint: Endpoint, call: Call) -> Call:
    """The call with an answer of just `max_tokens`, where the endpoint can be held to that."""
    return replace(call, min_tokens=call.max_tokens) if endpoint.capabilities.min_tokens else call


def _check_reply(endpoint: Endpoint, call: Call, reply: Reply) -> None:
    usage, timing = reply.usage, reply.timing
    require(reply.endpoint == endpoint.name, "a reply names its endpoint", reply.endpoint)
    require(len(reply.choices) == call.n, "as many answers come as were asked for", len(reply.choices))
    most = call.max_tokens * call.n
    require(usage.output_tokens >= 0 and 1 <= usage.said_tokens <= most, "output tokens lie in 1..max_tokens", usage)
    require(usage.output_tokens >= call.min_tokens, "min_tokens is kept", usage)
    require(0 <= usage.cached_tokens <= usage.prompt_tokens, "cached tokens are part of the prompt", usage)
    require(usage.prompt_tokens >= 1, "a prompt has tokens", usage)
    parts = timing.queue_s + timing.prefill_s + timing.decode_s
    require(min(timing.queue_s, timing.prefill_s, timing.decode_s) >= 0, "times are not negative", timing)
    first_s = 0.0 if timing.first_s is None else timing.first_s
    require(0 <= first_s <= timing.total_s + 1e-9, "the first piece comes within the call", timing)
    require(list(timing.chunks_s) == sorted(timing.chunks_s), "pieces come one after another", timing.chunks_s)
    require(parts <= timing.total_s * (1 + 1e-9) + 1e-9, "the parts of the time fit into the whole", timing)
    price = endpoint.profile.price_usd(usage)
    require(abs(reply.cost_usd - price) <= 1e-9 + 1e-6 * price, "the cost is the profile's price", reply.cost_usd)


async def generates(rt: Runtime, endpoint: Endpoint) -> None:
    """A call gets a reply whose usage, timing and cost are consistent."""
    began = rt.now()
    call = _call(endpoint)
    reply = await endpoint.generate(call)
    _check_reply(endpoint, call, reply)
    require(reply.timing.total_s <= rt.now() - began + 1e-6, "the total is no longer than the wait", reply.timing)


async def streams(rt: Runtime, endpoint: Endpoint) -> None:
    """The chunks of a stream join to its reply's text; only the last one carries the reply."""
    async with aclosing(endpoint.stream(_call(endpoint))) as stream:
        chunks = [chunk async for chunk in stream]
    last = chunks[-1].reply
    require(last is not None, "the last chunk carries the reply")
    assert last is not None
    require(all(chunk.reply is None for chunk in chunks[:-1]), "no other chunk carries a reply")
    said = "".join(chunk.text for chunk in chunks if chunk.kind == "text")
    require(said == last.text, "the chunks join to the text", last.text)
    _check_reply(endpoint, _call(endpoint), last)


async def repeats(rt: Runtime, endpoint: Endpoint) -> None:
    """A prompt that was just computed is reused, where the endpoint reports any reuse."""
    if endpoint.capabilities.kv_slots:
        await endpoint.generate(_call(endpoint))
        reply = await endpoint.generate(_call(endpoint))
        require(reply.usage.cached_tokens >= reply.usage.prompt_tokens // 2, "a prefix is reused", reply.usage)


async def cancels(rt: Runtime, endpoint: Endpoint) -> None:
    """A call cancelled before or in the middle of its work leaves the endpoint able to serve the next."""
    for delay in (0.0, 0.005):
        with rt.move_on_after(delay):
            await endpoint.generate(_call(endpoint))
        with rt.move_on_after(delay):
            async with aclosing(endpoint.stream(_call(endpoint))) as stream:
                async for _ in stream:
                    pass
    _check_reply(endpoint, _other(endpoint), await endpoint.generate(_other(endpoint)))


async def closes_streams(rt: Runtime, endpoint: Endpoint) -> None:
    """A stream left after its first chunk leaves the endpoint able to serve the next call."""
    async with aclosing(endpoint.stream(_call(endpoint))) as stream:
        async for _ in stream:
            break
    _check_reply(endpoint, _other(endpoint), await endpoint.generate(_other(endpoint)))


async def serves_several(rt: Runtime, endpoint: Endpoint) -> None:
    """Calls made at once all get their own reply."""
    calls = [exact(endpoint, Call(filler(4 + number), max_tokens=2 + number)) for number in range(4)]
    replies = await rt.gather(*(endpoint.generate(call) for call in calls))
    for call, reply in zip(calls, replies, strict=True):
        _check_reply(endpoint, call, reply)


async def refuses_what_does_not_fit(rt: Runtime, endpoint: Endpoint) -> None:
    """A prompt longer than the endpoint's room is an error that no retry mends, and the next call is served."""
    room = endpoint.capabilities.context_tokens
    if room is not None:
        try:
            await endpoint.generate(Call(filler(room + 1), max_tokens=1))
        except EndpointError as error:
            require(not error.retryable, "a prompt too long is not worth a retry", error)
        else:
            require(False, "a prompt longer than the room is refused", room)
        _check_reply(endpoint, _other(endpoint), await endpoint.generate(_other(endpoint)))


async def answers_hints(rt: Runtime, endpoint: Endpoint) -> None:
    """Hints are answered as the capabilities announce them, and the next call is served."""
    able, call = endpoint.capabilities, _call(endpoint)
    hints = [
        CacheHint("place", agent="conformance", slot=0, call=call, priority=7),
        CacheHint("prefetch", agent="conformance", slot=0, call=call),
        CacheHint("save", agent="conformance", slot=0),
        CacheHint("evict", agent="conformance", slot=0),
        CacheHint("restore", agent="conformance", slot=0),
    ]
    for hint in hints:
        outcome = await endpoint.hint(hint)
        require(outcome in get_args(HintOutcome), "a hint is answered", outcome)
        supported = hint.action in able.hints
        require((outcome == "unsupported") != supported, f"{hint.action} is answered as capabilities say", outcome)
    if able.kv_priorities and "place" in able.hints:
        raised = await endpoint.hint(CacheHint("place", agent="conformance", slot=0, priority=8))
        require(raised == "accepted", "a priority may be raised", raised)
    beyond = CacheHint("place", agent="conformance", slot=able.kv_slots)
    require(await endpoint.hint(beyond) != "accepted", "a slot that does not exist is not accepted")
    await endpoint.hint(CacheHint("place", agent="conformance", slot=0))
    _check_reply(endpoint, call, await endpoint.generate(call))


async def keeps_what_it_saved(rt: Runtime, endpoint: Endpoint) -> None:
    """A prefetched, saved, evicted and restored prefix is reused as if it had stayed."""
    if {"place", "save", "restore", "evict", "prefetch"} <= endpoint.capabilities.hints:
        await endpoint.hint(CacheHint("prefetch", slot=0, call=_call(endpoint)))
        await endpoint.hint(CacheHint("save", agent="conformance", slot=0))
        await endpoint.hint(CacheHint("evict", slot=0))
        await endpoint.hint(CacheHint("place", agent="conformance", slot=0))
        cold = await endpoint.generate(_call(endpoint))
        await endpoint.hint(CacheHint("evict", slot=0))
        await endpoint.hint(CacheHint("restore", agent="conformance", slot=0))
        warm = await endpoint.generate(_call(endpoint))
        require(cold.usage.cached_tokens == 0, "an evicted prefix is gone", cold.usage)
        require(warm.usage.computed_tokens <= 1, "a restored prefix is whole", warm.usage)


async def reports_status(rt: Runtime, endpoint: Endpoint) -> None:
    """The status names as many slots as the capabilities, and an idle endpoint runs nothing."""
    status = await endpoint.status()
    require(status.running == 0, "an idle endpoint runs nothing", status)
    slots = endpoint.capabilities.kv_slots
    require(len(status.slot_tokens) == slots, "the status has every slot", status)


CHECKS: tuple[Check, ...] = (
    generates, streams, repeats, cancels, closes_streams, serves_several, refuses_what_does_not_fit, answers_hints,
    keeps_what_it_saved, reports_status, *ASKED,
)  # fmt: skip


async def check_endpoint(rt: Runtime, endpoint: Endpoint, checks: tuple[Check, ...] = CHECKS) -> None:
    """Run the contract. Raises AssertionError, naming the check, at the first rule that does not hold."""
    for check in checks:
        try:
            await check(rt, endpoint)
        except AssertionError as broken:
            name: Any = getattr(check, "__name__", check)
            raise AssertionError(f"{endpoint.name}: {name}: {broken}") from broken
