"""Anthropic's Messages API, which other servers speak too: docs.anthropic.com/en/api/messages, anthropic 2.12."""

from __future__ import annotations

import json
from typing import Any

from commissure.hal.call import Call, Message, Tool, ToolCall
from commissure.hal.capabilities import Capabilities
from commissure.hal.errors import UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.provider import Answer
from commissure.hal.reply import Choice
from commissure.hal.wire.anthropic_stream import AnthropicReader
from commissure.hal.wire.anthropic_wire import Block, MessageBody, error_of, finish_of, usage_of
from commissure.hal.wire.openai import image_base64

MESSAGES = "/messages"
TTLS = {300: "5m", 3600: "1h"}


class AnthropicCodec:
    """Says calls as messages of blocks."""

    def __init__(self, spec: EndpointSpec, model_id: str, able: Capabilities) -> None:
        self._name = spec.name
        self._model = model_id
        self._able = able
        self._options = spec.options

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path and the body."""
        body: dict[str, Any] = {
            "model": self._model, "max_tokens": call.max_tokens, "messages": self._messages(call),
        }  # fmt: skip
        if call.system:
            body["system"] = [{"type": "text", "text": call.system} | _cached(call)]
        # Left unsaid it is 1: a model that takes one is told 0 too.
        if self._able.temperature:
            body["temperature"] = call.temperature
        if call.stop:
            body["stop_sequences"] = list(call.stop)
        if call.schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": dict(call.schema)}}
        if call.tools:
            body |= {"tools": [_tool(one) for one in call.tools], "tool_choice": _tool_choice(call.tool_choice)}
        return MESSAGES, body | ({"stream": True} if stream else {}) | dict(self._options)

    def answer(self, body: Any) -> Answer:
        """A whole answer."""
        if isinstance(body, dict) and body.get("type") == "error":
            raise error_of(body)
        read = MessageBody.model_validate(body)
        return Answer((_choice(read.content, read.stop_reason),), usage_of(read.usage))

    def reader(self) -> AnthropicReader:
        """For one stream."""
        return AnthropicReader()

    def _messages(self, call: Call) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        for message in call.history:
            role, blocks = _blocks(message)
            # A turn without content is refused, and says nothing. Results of several tools are one turn of the user's.
            if not blocks:
                continue
            if said and said[-1]["role"] == role:
                said[-1]["content"] += blocks
            else:
                said.append({"role": role, "content": blocks})
        seen = [
            {"type": "image", "source": {
                "type": "base64", "media_type": one.media_type, "data": image_base64(self._name, one),
            }}
            for one in call.images
        ]  # fmt: skip
        prompt = [{"type": "text", "text": call.prompt}] if call.prompt or not (call.history or seen) else []
        if blocks := [*seen, *prompt]:
            if said and said[-1]["role"] == "user":
                said[-1]["content"] += blocks
            else:
                said.append({"role": "user", "content": blocks})
        if not call.system and said and _cached(call):
            said[0]["content"][-1] |= _cached(call)
        return said


def _cached(call: Call) -> dict[str, Any]:
    """A mark up to which the prompt is to be cached, where the call asks for that."""
    if not call.cache_key and call.cache_ttl_s is None:
        return {}
    ttl = {} if call.cache_ttl_s is None else {"ttl": TTLS[call.cache_ttl_s]}
    return {"cache_control": {"type": "ephemeral", **ttl}}


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": dict(tool.parameters)}


def _tool_choice(choice: str) -> dict[str, str]:
    kinds = {"auto": "auto", "none": "none", "required": "any"}
    return {"type": kinds[choice]} if choice in kinds else {"type": "tool", "name": choice}


def _blocks(message: Message) -> tuple[str, list[dict[str, Any]]]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}
        return "user", [result]
    text = [{"type": "text", "text": message.text}] if message.text else []
    return message.role, [*text, *map(_tool_use, message.tool_calls)]


def _tool_use(call: ToolCall) -> dict[str, Any]:
    """A call of an earlier turn: its arguments as an object, and nothing else can be said."""
    try:
        return {"type": "tool_use", "id": call.id, "name": call.name, "input": call.values()}
    except ValueError as error:
        problem = f"the arguments of the call of {call.name!r} in history are no JSON object: {call.arguments!r:.200}"
        raise UsageError(
            f"{problem} ({error}). Anthropic takes nothing else: mend them, or leave the turn out"
        ) from error


def _choice(content: list[Block], stop_reason: str | None) -> Choice:
    text = "".join(one.text or "" for one in content if one.type == "text")
    reasoning = "".join(one.thinking or "" for one in content if one.type == "thinking")
    calls = tuple(
        ToolCall(one.name or "", json.dumps(one.input or {}), one.id or "") for one in content if one.type == "tool_use"
    )
    return Choice(text, finish_of(stop_reason), calls, reasoning)
