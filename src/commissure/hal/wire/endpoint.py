"""A real endpoint behind an HTTP API: any provider's, by its codec."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.capabilities import Capabilities
from commissure.hal.endpoint import Status
from commissure.hal.errors import EndpointError, MalformedReply, StreamFailed, TruncatedStream, Unsupported, UsageError
from commissure.hal.fanout import fan_out, whole_chunks
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.keys import presentable
from commissure.hal.profiles.estimate import expected_usage, text_tokens
from commissure.hal.profiles.profile import Profile
from commissure.hal.provider import Answer, Codec, Piece, Provider, Reader, WireError
from commissure.hal.reply import Choice, Chunk, Reply, Usage
from commissure.hal.runtime import Runtime
from commissure.hal.wire.client import DRAIN_S, Client
from commissure.hal.wire.metrics import status_of
from commissure.hal.wire.rate_limits import rate_limits
from commissure.hal.wire.refusals import SHOWN, shown
from commissure.hal.wire.timing import Watch

METRICS = "/metrics"
FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter"})
ONE_TOKEN = Usage(1, 0, 1)
_END = object()


class ApiEndpoint:
    """One model at one provider. `generate` is one plain request, `stream` a streamed one."""

    def __init__(
        self,
        provider: Provider,
        spec: EndpointSpec,
        profile: Profile,
        rt: Runtime,
        client: Client,
        version: str = "/v1",
        capabilities: Capabilities | None = None,
    ) -> None:
        self.name = spec.name
        self.profile = profile
        self.capabilities = _unpaid(provider.able(spec), profile) if capabilities is None else capabilities
        self._provider = provider
        self._codec: Codec = provider.codec(spec, provider.model_id(spec), self.capabilities)
        self._rt = rt
        self._client = client
        self._version = version
        self._running = 0

    async def generate(self, call: Call) -> Reply:
        """Answer the call."""
        self._check(call)
        if not self.gives_all(call):
            most = self.capabilities.answers_at_once
            return await fan_out(self._rt, call, self.profile, self._generate, most)
        return await self._generate(call)

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer in pieces as they come."""
        self._check(call)
        if not self.gives_all(call):
            async for chunk in whole_chunks(await self.generate(call)):
                yield chunk
            return
        watch, reader = Watch(self._rt), self._codec.reader()
        path, body = self.request(call, stream=True)
        self._running += 1
        try:
            async with aclosing(self._client.events(path, body)) as events:
                while (event := await self._next(events, reader, call.n)) is not _END:
                    for piece in self._fed(reader, event):
                        watch.saw()
                        yield Chunk(piece.text, None, piece.kind, piece.choice)
        finally:
            self._running -= 1
        answer = reader.answer()
        if answer is None or len(answer.choices) < call.n:
            cut = TruncatedStream(self.name)
            cut.said_tokens = told.said_tokens if (told := reader.usage()) else None
            raise cut
        yield Chunk("", self._reply(call, answer, watch))

    async def hint(self, hint: CacheHint) -> HintOutcome:
        """A prefetch, and a place by the same request, at servers of one's own that are not paid by the token.

        What a hint computes stands in no ledger: it costs an endpoint that is hired by the hour nothing more, and
        `Budget` counts calls alone. Where tokens are paid (hosted APIs, or a price in the fleet file) every hint is
        unsupported: to keep a prefix warm there, send a call of one token through the fleet, which reserves for it.

        place asks for a prefix that is kept, which makes it the last to leave a cache that evicts by LRU; that is
        clipped, for it cannot be pinned. It needs `call`: without slots, an agent alone names no prefix.
        Raises EndpointError as a call does. Whoever gives a hint that no call depends on may let that pass.
        """
        if hint.action not in self.capabilities.hints:
            return "unsupported"
        if hint.action == "place" and hint.call is not None:
            await self.prefetch(hint)
            return "clipped"
        if hint.action == "prefetch":
            await self.prefetch(hint)
            return "accepted"
        return "unsupported"

    async def prefetch(self, hint: CacheHint) -> None:
        """Have a prompt computed by asking for a single token after it, which is thrown away."""
        if hint.call is None:
            raise UsageError("a prefetch hint needs the call whose prompt is to be computed")
        path, body = self.request(replace(hint.call, n=1, max_tokens=1, min_tokens=0), stream=False)
        await self._client.post(path, body)

    async def status(self) -> Status:
        """What the endpoint's metrics say, and else what is known here."""
        limits = rate_limits(self._client.headers).remaining()
        if self._provider.metrics is None:
            return Status(self._running, limits=limits)
        try:
            status = status_of(await self._client.get_text(METRICS), self._provider.metrics)
        except ValueError as error:
            raise MalformedReply(self.name, presentable(f"{METRICS}: {error}")) from None
        return replace(status, limits=limits)

    async def models(self) -> list[str]:
        """The names of the models that the provider offers this key."""
        body = await self._client.get(self._version + self._provider.models_path)
        try:
            return sorted(str(one["id"]) for one in body["data"])
        except (KeyError, TypeError):
            said = shown(str(body).encode("utf-8", "replace"))
            problem = f"{self._provider.models_path}: no list of models: {said}"
            raise MalformedReply(self.name, problem) from None

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path and the body of a call."""
        path, body = self._codec.request(call, stream=stream)
        return self._version + path, body

    def gives_all(self, call: Call) -> bool:
        """Whether one request brings all the answers that the call asks for; else several are made."""
        return call.n <= self.capabilities.answers_at_once

    def slot_of(self, call: Call) -> int | None:
        """The KV slot that serves the call, at endpoints that have slots."""
        return None

    def _check(self, call: Call) -> None:
        if missing := self.capabilities.missing(call):
            raise Unsupported(f"endpoint {self.name!r} ({self.profile.provider}) has no {', no '.join(missing)}")
        if call.state is not None:
            raise Unsupported(f"endpoint {self.name!r}: a real endpoint takes no KV state from elsewhere")

    async def _generate(self, call: Call) -> Reply:
        watch = Watch(self._rt)
        path, body = self.request(call, stream=False)
        self._running += 1
        try:
            data = await self._client.post(path, body)
        finally:
            self._running -= 1
        try:
            answer = self._whole(call, self._codec.answer(data))
        except WireError as error:
            raise StreamFailed(self.name, presentable(str(error))[:SHOWN], retryable=error.retryable) from None
        except ValueError as error:
            raise self._malformed(error, data) from None
        return self._reply(call, answer, watch)

    def _whole(self, call: Call, answer: Answer) -> Answer:
        if len(answer.choices) < call.n:
            raise ValueError(f"{call.n} answers were asked for, {len(answer.choices)} came")
        return answer

    async def _next(self, events: AsyncGenerator[Any, None], reader: Reader, answers: int) -> Any:
        """The next event, or _END. Of a stream that is whole its end is not waited for long: some never come to it."""
        if reader.usage() is None or not is_whole(reader, answers):
            return await anext(events, _END)
        with self._rt.move_on_after(DRAIN_S), suppress(TruncatedStream):
            return await anext(events, _END)
        return _END

    def _fed(self, reader: Reader, event: Any) -> list[Piece]:
        try:
            return reader.feed(event)
        except WireError as error:
            raise StreamFailed(self.name, presentable(str(error))[:SHOWN], retryable=error.retryable) from None
        except ValueError as error:
            raise self._malformed(error, event) from None

    def _malformed(self, error: ValueError, data: Any) -> EndpointError:
        found = getattr(error, "errors", None)
        first = found()[0] if found else {"loc": (), "msg": str(error)}
        field = ".".join(map(str, first["loc"])) or "the answer"
        problem = presentable(f"unusable answer: {field}: {first['msg']}")
        return MalformedReply(self.name, f"{problem}: {shown(str(data).encode('utf-8', 'replace'))}")

    def _reply(self, call: Call, answer: Answer, watch: Watch) -> Reply:
        usage = answer.usage or self._counted(call, answer)
        cost_usd = self.profile.price_usd(usage)
        choices = tuple(one if one.finish in FINISHES else _said_otherwise(one) for one in answer.choices)
        return Reply(choices, usage, watch.timing(answer.times), self.name, cost_usd, self.slot_of(call))

    def _counted(self, call: Call, answer: Answer) -> Usage:
        """About the tokens of a call of which the endpoint did not say."""
        prompt = expected_usage(call, self.profile).prompt_tokens
        output = sum(
            text_tokens(one.text, self.profile)
            + sum(text_tokens(f"{tool.name} {tool.arguments}", self.profile) for tool in one.tool_calls)
            for one in answer.choices
        )
        reasoning = sum(text_tokens(one.reasoning, self.profile) for one in answer.choices)
        return Usage(prompt, 0, max(output, 1 - reasoning, 0), reasoning, estimated=True)


def is_whole(reader: Reader, answers: int) -> bool:
    """Whether all answers have come to their ends; of several, some may end before others begin."""
    if answers == 1 or not reader.complete():
        return reader.complete()
    answer = reader.answer()
    return answer is not None and len(answer.choices) >= answers


def _unpaid(able: Capabilities, profile: Profile) -> Capabilities:
    """Without hints where they would be paid by the token: no ledger reserves for a hint."""
    return replace(able, hints=frozenset()) if profile.price_usd(ONE_TOKEN) else able


def _said_otherwise(choice: Choice) -> Choice:
    """An answer that ended for a reason that we do not know: it is recorded, and holds what the server likes."""
    return replace(choice, finish=presentable(choice.finish)[:SHOWN])
