"""What an endpoint makes of a server's faults: each is one typed outcome, whole or streamed, and the next is served."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from commissure.hal.call import Call
from commissure.hal.conformance.rules import require
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import (
    Disconnected,
    EndpointError,
    MalformedReply,
    ModelRetired,
    NoAnswerInTime,
    QuotaExhausted,
    RateLimited,
    Refused,
    ServerFault,
    StreamFailed,
    TruncatedStream,
)
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime


class FaultyServer(Protocol):
    """A server that an endpoint speaks to, and that plays faults by name."""

    def play(self, *names: str) -> None:
        """The next calls suffer these faults, one each."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a fault: an error of this kind, or a reply; its usage is estimated if nothing else tells it."""

    whole: type[EndpointError] | None
    streamed: type[EndpointError] | None
    retryable: bool | None = None
    estimated: bool = False
    or_reply: bool = False


def _both(kind: type[EndpointError], retryable: bool | None = None) -> Outcome:
    return Outcome(kind, kind, retryable)


_FINE = Outcome(None, None)
FAULTS = {
    # On a kept connection, which may have been closed long before, it is asked once more on a new one.
    "close": Outcome(Disconnected, Disconnected, True, or_reply=True),
    "slow": _FINE, "comments": _FINE, "crlf": _FINE, "split_utf8": _FINE,
    "late_usage_with_choices": _FINE,
    "no_usage": Outcome(None, None, estimated=True), "null_usage": Outcome(None, None, estimated=True),
    "reset": _both(Disconnected, True), "hang": _both(NoAnswerInTime, True), "stall": _both(NoAnswerInTime, True),
    "http_500": _both(ServerFault, True), "http_503": _both(ServerFault, True), "http_529": _both(ServerFault, True),
    "http_429": _both(RateLimited, True), "http_429_date": _both(RateLimited, True),
    "http_429_spent": _both(QuotaExhausted, False), "http_402": _both(QuotaExhausted, False),
    "http_410": _both(ModelRetired, False), "http_404_model": _both(ModelRetired, False),
    "http_400_param": _both(Refused, False), "http_401": _both(Refused, False),
    "html": _both(MalformedReply, False), "empty": _both(MalformedReply, False),
    "bad_json": _both(MalformedReply, False), "missing_field": Outcome(MalformedReply, EndpointError),
    "truncated": _both(TruncatedStream), "cut": _both(TruncatedStream),
    "error_event": Outcome(ServerFault, StreamFailed), "bad_event": _both(MalformedReply, False),
}  # fmt: skip
_CALL = Call("Tell me something of use.", "You are brief.", max_tokens=12)


async def check_faults(rt: Runtime, endpoint: Endpoint, server: FaultyServer) -> None:
    """Play every fault. Raises AssertionError, naming it, at the first whose outcome is another."""
    for name in FAULTS:
        await check_fault(rt, endpoint, server, name)


async def check_fault(rt: Runtime, endpoint: Endpoint, server: FaultyServer, name: str) -> None:
    """Play one fault, to a plain request and to a streamed one; the next call is then served."""
    outcome = FAULTS[name]
    for streamed, kind in ((False, outcome.whole), (True, outcome.streamed)):
        server.play(name)
        found: Reply | EndpointError
        try:
            found = await _ask(endpoint, streamed=streamed)
        except EndpointError as error:
            found = error
        what = f"{name}, {'streamed' if streamed else 'whole'}"
        if outcome.estimated and isinstance(found, Reply) and not found.timing.server:
            require(found.usage.estimated, f"{what}: estimated usage says so", found.usage)
        _check(what, kind, outcome, found)
        after = await _ask(endpoint, streamed=not streamed)
        require(after.usage.said_tokens >= 1, f"{name}: the next call is served", after)


def _check(what: str, kind: type[EndpointError] | None, outcome: Outcome, found: Reply | EndpointError) -> None:
    if kind is None or (outcome.or_reply and isinstance(found, Reply)):
        require(isinstance(found, Reply), f"{what}: a reply comes all the same", found)
        assert isinstance(found, Reply)
        require(outcome.estimated or not found.usage.estimated, f"{what}: usage is the server's", found.usage)
        require(found.usage.said_tokens >= 1, f"{what}: tokens are counted", found.usage)
        return
    require(isinstance(found, kind), f"{what}: the outcome is {kind.__name__}", found)
    assert isinstance(found, EndpointError)
    if outcome.retryable is not None:
        require(found.retryable is outcome.retryable, f"{what}: retryable is {outcome.retryable}", found)
    if isinstance(found, RateLimited):
        require(found.retry_after_s is not None and found.retry_after_s <= 2, f"{what}: it says when", found)


async def _ask(endpoint: Endpoint, *, streamed: bool) -> Reply:
    if not streamed:
        return await endpoint.generate(_CALL)
    async with aclosing(endpoint.stream(_CALL)) as stream:
        chunks = [chunk async for chunk in stream]
    reply = chunks[-1].reply
    require(reply is not None, "the last chunk carries the reply", chunks[-1])
    assert reply is not None
    text = "".join(chunk.text for chunk in chunks if chunk.kind == "text" and chunk.choice == 0)
    require(text == reply.text, "the chunks join to the text", (text, reply.text))
    return reply
