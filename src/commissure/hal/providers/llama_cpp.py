"""llama.cpp's server: a running one by its `base_url`, or else one of our own on this machine.

Hints address its KV slots: a call is placed by `id_slot`; slots are erased, saved and restored by
/slots/{id}?action=...; a prompt is prefetched by a call that generates nothing
(ggml-org/llama.cpp, tools/server/README.md).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from hashlib import sha256
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from commissure.hal.call import CacheHint, Call, HintAction, HintOutcome
from commissure.hal.capabilities import Capabilities
from commissure.hal.endpoint import Endpoint, Status
from commissure.hal.errors import EndpointError, TruncatedStream, UsageError
from commissure.hal.http import HttpClient
from commissure.hal.llama_cpp_wire import Answer, Slots, StreamEvent, Timings
from commissure.hal.local_server import local_server, require_local
from commissure.hal.profile import Profile
from commissure.hal.reply import Choice, Chunk, Reply, Timing, Usage
from commissure.hal.runtime import Runtime
from commissure.hal.slots import SlotMap
from commissure.hal.spec import EndpointSpec

CHAT = "/v1/chat/completions"
Wire = TypeVar("Wire", bound=BaseModel)


class LlamaCppEndpoint:
    """One llama.cpp server; each agent has at most one slot."""

    def __init__(self, spec: EndpointSpec, profile: Profile, rt: Runtime, client: HttpClient) -> None:
        self.name = spec.name
        self.profile = profile
        self.capabilities = Capabilities(spec.slots, spec.slot_tokens, frozenset(get_args(HintAction)))
        self._rt = rt
        self._client = client
        self._placed = SlotMap(spec.slots)

    async def generate(self, call: Call) -> Reply:
        start_s = self._rt.now()
        answer = self._read(Answer, await self._client.post(CHAT, self._body(call)))
        choice = answer.choices[0]
        return self._reply(call, start_s, choice.message.content or "", choice.finish_reason, answer.timings)

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        start_s, parts, finish = self._rt.now(), [], ""
        timings: Timings | None = None
        body = self._body(call) | {"stream": True, "stream_options": {"include_usage": True}}
        async with aclosing(self._client.events(CHAT, body)) as events:
            async for data in events:
                event = self._read(StreamEvent, data)
                if event.error is not None:
                    raise EndpointError(self.name, str(event.error)[:200])
                for choice in event.choices:
                    finish = choice.finish_reason or finish
                    if text := choice.delta.content:
                        parts.append(text)
                        yield Chunk(text)
                timings = event.timings
        if not finish or timings is None:
            raise TruncatedStream(self.name)
        yield Chunk("", self._reply(call, start_s, "".join(parts), finish, timings))

    async def hint(self, hint: CacheHint) -> HintOutcome:
        slot, outcome = self._placed.resolve(hint)
        match hint.action:
            case "place":
                self._placed.assign(hint.agent, slot)
            case "evict":
                await self._client.post(f"/slots/{slot}?action=erase", {})
                self._placed.release(slot)
            case "prefetch":
                if hint.call is None:
                    raise UsageError("a prefetch hint needs the call whose prompt is to be computed")
                self._placed.assign(hint.call.agent, slot)
                await self._client.post(CHAT, self._body(hint.call) | {"max_tokens": 0})
            case "save":
                await self._client.post(f"/slots/{slot}?action=save", {"filename": _file_of(hint.agent)})
            case "restore":
                await self._client.post(f"/slots/{slot}?action=restore", {"filename": _file_of(hint.agent)})
                self._placed.assign(hint.agent, slot)
        return outcome

    async def status(self) -> Status:
        slots = self._read(Slots, {"slots": await self._client.get("/slots")}).slots
        return Status(sum(slot.is_processing for slot in slots), tuple(slot.n_prompt_tokens for slot in slots))

    def _body(self, call: Call) -> dict[str, Any]:
        if 0 < call.min_tokens < call.max_tokens:
            raise UsageError(f"endpoint {self.name!r}: min_tokens must be 0 or equal to max_tokens")
        messages = [{"role": "system", "content": call.system}] if call.system else []
        body: dict[str, Any] = {
            "messages": [*messages, {"role": "user", "content": call.prompt}],
            "max_tokens": call.max_tokens,
            "temperature": call.temperature,
            "cache_prompt": True,
            "ignore_eos": call.min_tokens > 0,
        }
        if call.seed is not None:
            body["seed"] = call.seed
        slot = self._placed.of(call.agent)
        if slot is not None:
            body["id_slot"] = slot
        return body

    def _reply(self, call: Call, start_s: float, text: str, finish: str, timings: Timings) -> Reply:
        prefill_s, decode_s = timings.prompt_ms / 1e3, timings.predicted_ms / 1e3
        total_s = self._rt.now() - start_s
        usage = Usage(timings.cache_n + timings.prompt_n, timings.cache_n, timings.predicted_n)
        queue_s = max(0.0, total_s - prefill_s - decode_s)
        timing = Timing(start_s, queue_s, prefill_s, decode_s, total_s, "server")
        slot = self._placed.of(call.agent)
        return Reply((Choice(text, finish),), usage, timing, self.name, self.profile.price_usd(usage), slot)

    def _read(self, model: type[Wire], data: object) -> Wire:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            problem = f"unusable answer: {field}: {first['msg']}: {data!r:.200}"
            raise EndpointError(self.name, problem) from None


def _file_of(agent: str) -> str:
    """A file name for an agent's saved state that no agent's name can turn into another path."""
    return sha256(agent.encode()).hexdigest()[:16] + ".kv"


def require(spec: EndpointSpec) -> None:
    """The engine and the model's weights, unless the server is another's."""
    if spec.base_url is None:
        require_local(spec.model)


@asynccontextmanager
async def connect(spec: EndpointSpec, profile: Profile, rt: Runtime) -> AsyncIterator[Endpoint]:
    """Open a client to `base_url`, or to an embedded server that ends with the block."""
    with ExitStack() as stack:
        url = spec.base_url or stack.enter_context(local_server(spec.model, spec.slots, spec.slot_tokens))
        client = HttpClient(spec.name, url)
        try:
            yield LlamaCppEndpoint(spec, profile, rt, client)
        finally:
            await client.aclose()
