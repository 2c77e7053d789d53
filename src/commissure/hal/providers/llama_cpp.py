"""llama.cpp's server: a running one by its `base_url`, or else one of our own on this machine.

Hints address its KV slots: a call is placed by `id_slot`; slots are erased, saved and restored by
/slots/{id}?action=...; a prompt is prefetched by a call that generates nothing
(ggml-org/llama.cpp, tools/server/README.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, aclosing, asynccontextmanager, nullcontext
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.capabilities import HINTS, Capabilities
from commissure.hal.endpoint import Endpoint, Status
from commissure.hal.errors import MalformedReply, UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.keys import first_set, presentable
from commissure.hal.local_server import local_server, require_local
from commissure.hal.profiles.profile import Profile
from commissure.hal.provider import Provider
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.hal.slots import SlotMap
from commissure.hal.wire.address import http_transport, key_of, split_version, url_of
from commissure.hal.wire.client import Client
from commissure.hal.wire.endpoint import ApiEndpoint
from commissure.hal.wire.llama_cpp import LlamaCppCodec
from commissure.hal.wire.metrics import LLAMA_CPP
from commissure.hal.wire.refusals import SHOWN
from commissure.hal.wire.transport import Transport

PROVIDER = Provider(
    codec=LlamaCppCodec,
    url_variables=("LLAMACPP_API_BASE",),
    key_variables=("LLAMACPP_API_KEY",),
    key_required=False,
    capabilities=Capabilities(hints=HINTS, images=False, cache_ttls_s=()),
    # Their chat templates announce no tools: tool_choice "required" is passed over in silence (measured).
    models={"smollm2-135m": {"tools": False}, "gemma-3-270m": {"tools": False}},
    metrics=LLAMA_CPP,
    # It closes a kept connection after a stream, and the next request on it fails (measured: xllamacpp 2026.10).
    keep_alive=False,
)


class Slot(BaseModel):
    """One entry of /slots."""

    model_config = ConfigDict(frozen=True, strict=True)

    is_processing: bool
    n_prompt_tokens: Annotated[int, Field(ge=0)] = 0


class LlamaCppEndpoint(ApiEndpoint):
    """One llama.cpp server; each agent has at most one slot."""

    def __init__(self, spec: EndpointSpec, profile: Profile, rt: Runtime, client: Client, version: str = "/v1") -> None:
        # It refuses a request for more answers than it has slots (measured).
        able = PROVIDER.able(spec).in_slots(spec.slots, spec.slot_tokens)
        super().__init__(PROVIDER, spec, profile, rt, client, version, able)
        self._placed = SlotMap(spec.slots)

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        path, body = super().request(call, stream=stream)
        slot = self.slot_of(call)
        return path, body if slot is None else body | {"id_slot": slot}

    async def _generate(self, call: Call) -> Reply:
        """Several answers are streamed: in one body the server tells the tokens of the first alone."""
        if call.n == 1:
            return await super()._generate(call)
        async with aclosing(self.stream(call)) as chunks:
            replies = [chunk.reply async for chunk in chunks if chunk.reply is not None]
        return replies[0]

    def slot_of(self, call: Call) -> int | None:
        return self._placed.of(call.agent)

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
                path, body = self.request(hint.call, stream=False)
                await self._client.post(path, body | {"max_tokens": 0})
            case "save":
                await self._client.post(f"/slots/{slot}?action=save", {"filename": _file_of(hint.agent)})
            case "restore":
                await self._client.post(f"/slots/{slot}?action=restore", {"filename": _file_of(hint.agent)})
                self._placed.assign(hint.agent, slot)
        return outcome

    async def status(self) -> Status:
        body = await self._client.get("/slots")
        try:
            slots = [Slot.model_validate(one) for one in body]
        except (TypeError, ValidationError) as error:
            raise MalformedReply(self.name, presentable(f"/slots: not a list of slots: {error}")[:SHOWN]) from None
        return Status(sum(slot.is_processing for slot in slots), tuple(slot.n_prompt_tokens for slot in slots))


def _file_of(agent: str) -> str:
    """A file name for an agent's saved state that no agent's name can turn into another path."""
    return sha256(agent.encode()).hexdigest()[:16] + ".kv"


def require(spec: EndpointSpec) -> None:
    """The engine and the model's weights, unless the server is another's."""
    if _is_ours(spec):
        require_local(spec.model)
    else:
        key_of(PROVIDER, spec)


def _is_ours(spec: EndpointSpec) -> bool:
    """Whether nobody says where a server runs, so that we start one."""
    return spec.base_url is None and first_set(PROVIDER.url_variables) is None


def over(transport: Transport, spec: EndpointSpec, profile: Profile, rt: Runtime, version: str) -> LlamaCppEndpoint:
    """The endpoint over any transport."""
    return LlamaCppEndpoint(spec, profile, rt, Client(spec.name, transport, rt), version)


@asynccontextmanager
async def connect(
    spec: EndpointSpec, profile: Profile, rt: Runtime, wrap: Callable[[Transport], Transport]
) -> AsyncIterator[Endpoint]:
    """Open a client to `base_url`, or to an embedded server that ends with the block."""
    with ExitStack() as stack:
        own = local_server(spec.model, spec.slots, spec.slot_tokens) if _is_ours(spec) else nullcontext(None)
        address = stack.enter_context(own)
        root, version = split_version(address or url_of(PROVIDER, spec))
        transport = wrap(http_transport(PROVIDER, spec, root))
        try:
            yield over(transport, spec, profile, rt, version)
        finally:
            await transport.aclose()
