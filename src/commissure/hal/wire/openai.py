"""OpenAI's chat completions, which most providers follow. What is particular of one overrides a method here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from commissure.hal.call import Call, Image, Message, Tool
from commissure.hal.capabilities import Capabilities
from commissure.hal.errors import UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.provider import Answer, ServerTimes
from commissure.hal.reply import Usage
from commissure.hal.wire.openai_read import choice_of, usage_of, wire_error
from commissure.hal.wire.openai_stream import OpenAiReader
from commissure.hal.wire.openai_wire import AnswerBody, UsageBody

CHAT, COMPLETIONS = "/chat/completions", "/completions"


class OpenAiCodec:
    """Says calls as OpenAI's API wants them: platform.openai.com/docs/api-reference/chat."""

    max_tokens_field = "max_tokens"
    # Whether its prompt cache is told which calls share a prefix, or finds that by itself.
    names_prefixes = True
    # Whether /completions takes a response_format too. OpenAI's does not, and servers pass over what they do not know.
    bare_schema = False

    def __init__(self, spec: EndpointSpec, model_id: str, able: Capabilities) -> None:
        self._name = spec.name
        self._model = model_id
        self._able = able
        self._options = spec.options

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path and the body."""
        body: dict[str, Any] = {"model": self._model}
        if call.chat:
            body["messages"] = self.messages(call)
        else:
            body["prompt"] = call.prompt
        body[self.max_tokens_field if call.chat else "max_tokens"] = call.max_tokens
        body |= self.sampling(call) | self.form(call) | self.caching(call)
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return CHAT if call.chat else COMPLETIONS, body | dict(self._options)

    def answer(self, body: Any) -> Answer:
        """A whole answer."""
        if isinstance(body, dict) and body.get("error"):
            raise wire_error(body["error"])
        read = AnswerBody.model_validate(body)
        choices = tuple(choice_of(one) for one in sorted(read.choices, key=lambda one: one.index))
        return Answer(choices, self.usage(body), self.times(body))

    def reader(self) -> OpenAiReader:
        """For one stream."""
        return OpenAiReader(self.usage, self.times)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        """The tokens, in a whole answer or in an event of a stream; None where it does not say."""
        said = body.get("usage")
        if said is None:
            return None
        try:
            return usage_of(UsageBody.model_validate(said))
        except ValidationError:  # of no use, as null is: then tokens are counted here
            return None

    def times(self, body: Mapping[str, Any]) -> ServerTimes | None:
        """The server's own account of the time, in a whole answer or in an event of a stream. OpenAI gives none."""
        return None

    def messages(self, call: Call) -> list[dict[str, Any]]:
        """The conversation."""
        said: list[dict[str, Any]] = [{"role": "system", "content": call.system}] if call.system else []
        said += [_message(one) for one in call.history]
        if call.prompt or call.images or not call.history:
            said.append({"role": "user", "content": self._content(call)})
        return said

    def sampling(self, call: Call) -> dict[str, Any]:
        """How tokens are drawn. Temperature 0 is left unsaid where it cannot be chosen."""
        body: dict[str, Any] = {"temperature": call.temperature} if self._able.temperature else {}
        if call.seed is not None:
            body["seed"] = call.seed
        if call.n > 1:
            body["n"] = call.n
        if call.stop:
            body["stop"] = list(call.stop)
        if call.min_tokens:
            body["min_tokens"] = call.min_tokens
        if call.logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": call.logprobs} if call.chat else {"logprobs": call.logprobs}
        return body

    def form(self, call: Call) -> dict[str, Any]:
        """What the answer may look like: a schema, tools."""
        body: dict[str, Any] = {}
        if call.schema is not None:
            if not (call.chat or self.bare_schema):
                raise UsageError(f"endpoint {self._name!r}: a schema needs a chat here: leave out chat=False")
            schema = {"name": "answer", "schema": dict(call.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if call.tools:
            body["tools"] = [_tool(one) for one in call.tools]
            named = call.tool_choice not in ("auto", "none", "required")
            choice = {"type": "function", "function": {"name": call.tool_choice}} if named else call.tool_choice
            body["tool_choice"] = choice
        return body

    def caching(self, call: Call) -> dict[str, Any]:
        """What the call says of the provider's prompt cache."""
        return {"prompt_cache_key": call.cache_key} if call.cache_key and self.names_prefixes else {}

    def _content(self, call: Call) -> str | list[dict[str, Any]]:
        if not call.images:
            return call.prompt
        seen = [{"type": "image_url", "image_url": {"url": data_url(self._name, one)}} for one in call.images]
        return [*seen, {"type": "text", "text": call.prompt}]


def data_url(endpoint: str, image: Image) -> str:
    """An image as a data URL. Raises UsageError if only its size is known."""
    return f"data:{image.media_type};base64,{image_base64(endpoint, image)}"


def image_base64(endpoint: str, image: Image) -> str:
    """An image's bytes in base64. Raises UsageError if only its size is known."""
    if not image.data:
        raise UsageError(
            f"endpoint {endpoint!r}: image {image.name!r} has a size but no data; give data=...read_bytes()"
        )
    return b64encode(image.data).decode()


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for one in message.tool_calls
        ]
    if message.role == "tool":
        said["tool_call_id"] = message.tool_call_id
    return said


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": dict(tool.parameters)}}
