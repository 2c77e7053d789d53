"""A plain client for tests of the server: hears an answer of any flavour, streamed or whole, by rules of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.api.server import ApiServer

ANTHROPIC = {"anthropic-version": "2023-06-01"}
PROMPT = "one two three four five six seven eight nine ten"
PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}


@dataclass
class Heard:
    """What a client makes of an answer, whichever flavour and way."""

    status: int = 200
    text: str = ""
    reasoning: str = ""
    calls: dict[Any, list[str]] = field(default_factory=dict)
    finish: str | None = None
    usage: dict[str, Any] | None = None
    error: str = ""
    parts: int = 0
    data: bytes = b""

    def call(self, key: Any, name: str, arguments: str) -> None:
        """A piece of a tool call."""
        found = self.calls.setdefault(key, ["", ""])
        found[0] += name
        found[1] += arguments


def path_of(server: ApiServer) -> str:
    """Its first path for calls."""
    return next(iter(server.flavour.calls))


def body_of(server: ApiServer, stream: bool, **more: Any) -> dict[str, Any]:
    """A request of 8 tokens, with further parameters; a stream asks for its usage."""
    body = {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": PROMPT}], "stream": stream}
    if stream and server.flavour.name != "anthropic":
        body["stream_options"] = {"include_usage": True}
    return body | more


def hear(server: ApiServer, stream: bool, timeout_s: float = 20.0, **more: Any) -> Heard:
    """One call, read by rules of its own: lines end in LF or CRLF and in nothing else."""
    heard = Heard()
    try:
        with httpx.Client(timeout=timeout_s, **PLAIN) as client:
            url, body = server.url + path_of(server), body_of(server, stream, **more)
            with client.stream("POST", url, json=body, headers=ANTHROPIC | {"authorization": "Bearer sk-sent"}) as got:
                heard.status = got.status_code
                pieces = [*got.iter_raw()]
                heard.parts = len(pieces)
                data = heard.data = b"".join(pieces)
                sse = got.headers["content-type"].startswith("text/event-stream")
        events = data.replace(b"\r\n", b"\n").split(b"\n\n") if sse else [b"data: " + data]
        for event in events:
            for line in event.split(b"\n") if sse else [event]:
                if line.startswith(b"data: ") and line != b"data: [DONE]":
                    take(heard, json.loads(line[6:]))
    except (httpx.TransportError, ValueError, KeyError) as error:
        heard.error = type(error).__name__
    return heard


def take(heard: Heard, data: dict[str, Any]) -> None:
    """One JSON object of an answer, of either kind."""
    if "error" in data or ("message" in data and "code" in data):
        heard.error = "refused" if heard.status != 200 else "error event"
    for choice in data.get("choices") or ():
        if choice["index"] == 0:
            part = choice.get("delta") or choice.get("message") or {}
            heard.text += part.get("content") or ""
            heard.reasoning += part.get("reasoning") or part.get("reasoning_content") or ""
            heard.finish = choice["finish_reason"] or heard.finish
            for place, call in enumerate(part.get("tool_calls") or ()):
                function = call["function"]
                heard.call(call.get("index", place), function.get("name") or "", function.get("arguments") or "")
    heard.usage = data.get("usage") or heard.usage
    kind = data.get("type")
    if kind == "message":
        heard.finish = data["stop_reason"]
        for place, block in enumerate(data.get("content") or ()):
            heard.text += block.get("text", "")
            heard.reasoning += block.get("thinking", "")
            if block["type"] == "tool_use":
                heard.call(place, block["name"], json.dumps(block["input"]))
    elif kind == "content_block_start" and data["content_block"]["type"] == "tool_use":
        heard.call(data["index"], data["content_block"]["name"], "")
    elif kind == "content_block_delta":
        delta = data["delta"]
        heard.text += delta.get("text", "")
        heard.reasoning += delta.get("thinking", "")
        if "partial_json" in delta:
            heard.call(data["index"], "", delta["partial_json"])
    elif kind == "message_delta":
        heard.finish = data["delta"]["stop_reason"]


def objects(heard: Heard) -> list[dict[str, Any]]:
    """The JSON objects of a stream, or the one of a whole answer."""
    if not heard.data.startswith((b"data: ", b"event: ")):
        return [json.loads(heard.data)]
    lines = [line[6:] for line in heard.data.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line) for line in lines]


def cached(usage: dict[str, Any]) -> int:
    """The cached tokens of a usage, where its flavour has them."""
    details = usage.get("prompt_tokens_details") or usage
    found: int = details.get("cached_tokens", details.get("cache_read_input_tokens", 0))
    return found
