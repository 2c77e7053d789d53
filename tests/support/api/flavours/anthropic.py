"""Anthropic's messages: anthropic 2.12 types/message.py, usage.py, raw_message_stream_event.py.

A prompt is cached only if the request has cache_control somewhere; input_tokens excludes what was read and written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.support.api.answer import Answer, Choice
from tests.support.api.ask import Ask, Body, Refusal, stops, tools_to_call, wanted
from tests.support.api.flavours.base import Event, Flavour, Load, Reply
from tests.support.api.flavours.shapes import Errors, Limits
from tests.support.api.prompt import prompt_of

# anthropic 2.12 types/message_create_params.py: sampling parameters are not among them.
KNOWN = """
max_tokens messages model cache_control container diagnostics inference_geo metadata output_config service_tier speed
stop_sequences stream system thinking tool_choice tools
"""
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class Anthropic(Flavour):
    """POST /v1/messages."""

    name = "anthropic"
    calls: ClassVar = {"/v1/messages": "messages"}
    charges_writes = True
    # platform.claude.com/docs/en/api/errors; anthropic 2.12 types/shared/*_error_object.py.
    errors: ClassVar[Errors] = {
        "server": ("api_error", None, "Internal server error"),
        "unavailable": ("api_error", None, "Service unavailable"),
        "overloaded": ("overloaded_error", None, "Overloaded"),
        "rate": ("rate_limit_error", None, "This request would exceed your organization's rate limit."),
        # anthropic 2.12 types/shared/enforced_spend_limit_reached_error.py.
        "spent": ("rate_limit_error", "enforced_spend_limit_reached", "You have reached your spend limit."),
        "pay": ("billing_error", None, "Your credit balance is too low to access the API."),
        "gone": ("not_found_error", None, "model: {model} has been retired"),
        "model": ("not_found_error", None, "model: {model}"),
        "param": ("invalid_request_error", None, "max_tokens: Input should be greater than or equal to 1"),
        "unknown": ("invalid_request_error", None, "Extra inputs are not permitted"),
        "auth": ("authentication_error", None, "invalid x-api-key"),
        "path": ("not_found_error", None, "Not found"),
    }

    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key", "") or super().key_of(headers)

    def check(self, headers: Mapping[str, str]) -> None:
        if "anthropic-version" not in headers:
            raise Refusal(400, "param", "anthropic-version: header is required")

    def read(self, kind: str, body: Body) -> Ask:
        known = KNOWN.split()
        for name in body:
            if name not in known:
                raise Refusal(400, "unknown", f"{name}: Extra inputs are not permitted", name)
        for name, of in (("model", str), ("messages", list), ("max_tokens", int)):
            if not isinstance(body.get(name), of) or not body[name]:
                raise Refusal(400, "param", f"{name}: Field required", name)
        system = [("system", body["system"])] if body.get("system") else []
        prompt = prompt_of([*system, *((one["role"], one["content"]) for one in body["messages"])])
        tools = {one["name"]: one.get("input_schema") or {} for one in body.get("tools") or ()}
        choice = body.get("tool_choice") or {"type": "auto"}
        way = {"any": "required", "tool": "named"}.get(choice["type"], choice["type"])
        last = body["messages"][-1]["content"]
        answered = isinstance(last, list) and any(part.get("type") == "tool_result" for part in last)
        names = tools_to_call(prompt, tools, way, choice.get("name", ""), answered)
        wish = (body.get("output_config") or {}).get("format") or {}
        return Ask(
            "messages",
            body,
            (prompt,),
            body["max_tokens"],
            stops(body.get("stop_sequences")),
            stream=bool(wanted(body, "stream", bool)),
            reasons=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
            calls=tuple((name, tools[name]) for name in names),
            schema=wish.get("schema"),
        )

    def caches(self, ask: Ask) -> bool:
        return "cache_control" in json.dumps(ask.body)

    def usage(self, answer: Answer) -> Body:
        read, written = answer.cached_tokens, answer.written_tokens
        return {
            "input_tokens": answer.prompt_tokens - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": answer.output_tokens,
            "service_tier": "standard",
        }

    def body(self, answer: Answer) -> Body:
        whole = self._message(answer, answer.choices[0])
        if answer.usage != "none":
            whole["usage"] = None if answer.usage == "null" else self.usage(answer)
        return whole

    def _message(self, answer: Answer, choice: Choice | None) -> Body:
        return {
            "id": f"msg_{answer.number:06d}",
            "type": "message",
            "role": "assistant",
            "model": answer.ask.model,
            "content": [] if choice is None else [*self._blocks(choice)],
            "stop_reason": None if choice is None else self._reason(choice),
            "stop_sequence": None if choice is None else choice.matched,
        }

    def _reason(self, choice: Choice) -> str:
        return "stop_sequence" if choice.matched is not None else STOP_REASONS[choice.finish]

    def _blocks(self, choice: Choice) -> Iterator[Body]:
        if choice.reasoning:
            yield {"type": "thinking", "thinking": "".join(choice.reasoning), "signature": "c2lnbmF0dXJl"}
        if choice.pieces or not (choice.calls or choice.reasoning):
            yield {"type": "text", "text": choice.text, "citations": None}
        for call in choice.calls:
            given = json.loads(call.arguments) if choice.finish == "tool_calls" else {}
            yield {"type": "tool_use", "id": call.id, "name": call.name, "input": given}

    def events(self, answer: Answer) -> Iterator[Event]:
        choice, shown = answer.choices[0], answer.usage not in ("none", "null")
        message = self._message(answer, None)
        if answer.usage != "none":
            message["usage"] = {**self.usage(answer), "output_tokens": 1} if shown else None
        yield self._event("message_start", -1, message=message)
        yield self._event("ping", -1)
        step = 0
        for index, (block, kind, pieces) in enumerate(self._opened(choice)):
            yield self._event("content_block_start", step, index=index, content_block=block)
            for text in pieces:
                delta = {"type": kind, kind.removesuffix("_delta").replace("input", "partial"): text}
                yield self._event("content_block_delta", step, 1, index=index, delta=delta)
                step += 1
            if kind == "thinking_delta":
                signed = {"type": "signature_delta", "signature": "c2lnbmF0dXJl"}
                yield self._event("content_block_delta", max(0, step - 1), index=index, delta=signed)
            yield self._event("content_block_stop", max(0, step - 1), index=index)
        ended = {"stop_reason": self._reason(choice), "stop_sequence": choice.matched}
        usage: Body = {} if answer.usage == "none" else {"usage": self.usage(answer) if shown else None}
        yield self._event("message_delta", max(0, step - 1), delta=ended, **usage)
        yield self._event("message_stop", max(0, step - 1))

    def _opened(self, choice: Choice) -> Iterator[tuple[Body, str, tuple[str, ...]]]:
        if choice.reasoning:
            yield {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", choice.reasoning
        if choice.pieces or not (choice.calls or choice.reasoning):
            yield {"type": "text", "text": ""}, "text_delta", choice.pieces
        for call in choice.calls:
            yield {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, "input_json_delta", call.pieces

    def _event(self, name: str, step: int, tokens: int = 0, **fields: Any) -> Event:
        return Event({"type": name, **fields}, step, tokens, name)

    # types/shared/error_response.py.
    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        of_type, code, text = self.said(kind, message, model, key)
        details: Body = {} if code is None else {"details": {"error_code": code}}
        return {"type": "error", "error": {"type": of_type, "message": text, **details}, "request_id": "req_000000"}

    def error_event(self) -> Event:
        return Event(self.error(529, "overloaded", "", None, "", ""), name="error")

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """platform.claude.com/docs/en/api/rate-limits: a reset is an RFC 3339 time."""
        reset = (datetime.now(UTC) + timedelta(seconds=limits.reset_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = {"request-id": f"req_{number:06d}"}
        for what, most, left in (
            ("requests", limits.requests, limits.requests_left),
            ("tokens", limits.tokens, limits.tokens_left),
        ):
            found[f"anthropic-ratelimit-{what}-limit"] = str(most)
            found[f"anthropic-ratelimit-{what}-remaining"] = str(left)
            found[f"anthropic-ratelimit-{what}-reset"] = reset
        return found

    def get(self, path: str, load: Load) -> Reply | None:
        if path != "/v1/models":
            return None
        # anthropic 2.12 types/model_info.py, in a page.
        more = {"type": "model", "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active"}
        rows = [{"id": name, "display_name": name, **more} for name in load.models]
        return Reply({"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]})
