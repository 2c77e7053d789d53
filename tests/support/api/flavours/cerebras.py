"""Cerebras: cerebras-cloud-sdk 1.91 types/chat/chat_completion.py; inference-docs.cerebras.ai."""

from __future__ import annotations

from typing import ClassVar

from tests.support.api.answer import Answer
from tests.support.api.ask import Body
from tests.support.api.flavours.base import Event
from tests.support.api.flavours.openai import OpenAI
from tests.support.api.flavours.shapes import ERRORS, Errors, Limits

# cerebras-cloud-sdk 1.91 resources/chat/completions.py.
KNOWN = """
messages model clear_thinking disable_reasoning frequency_penalty logit_bias logprobs max_completion_tokens max_tokens
min_completion_tokens min_tokens n parallel_tool_calls prediction presence_penalty prompt_cache_key reasoning_effort
reasoning_format response_format seed service_tier stop stream stream_options temperature tool_choice tools
top_logprobs top_p user prompt best_of echo suffix
"""


class Cerebras(OpenAI):
    """time_info in seconds, reasoning shown as `reasoning`, errors without an envelope."""

    name = "cerebras"
    reasoning = "reasoning"
    null_usage_in_chunks = False
    tool_delta: ClassVar = {"type": "function"}  # ChatChunkResponseChoiceDeltaToolCall requires it
    known = frozenset(KNOWN.split())
    # Wrong key and rate: live answers in public issues (grammar-nazi-bot 958). The other codes: assumed.
    errors: ClassVar[Errors] = {
        **ERRORS,
        "rate": (
            "too_many_requests_error",
            "request_quota_exceeded",
            "Requests per minute limit exceeded - too many requests sent.",
        ),
        "spent": ("insufficient_quota", "insufficient_quota", "Spend limit reached."),
        "model": (
            "not_found_error",
            "model_not_found",
            "Model {model} does not exist or you do not have access to it.",
        ),
        "unknown": ("invalid_request_error", "wrong_api_format", "property is unsupported"),
        "auth": ("invalid_request_error", "wrong_api_key", "Wrong API Key"),
    }

    def usage(self, answer: Answer) -> Body:
        return {
            **self.counts(answer),
            "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
                "reasoning_tokens": answer.reasoning_tokens,
            },
        }

    def extras(self, answer: Answer) -> Body:
        first_s, whole_s = answer.first_s - answer.start_s, answer.end_s - answer.start_s
        parts = {"queue_time": 0.0, "prompt_time": first_s, "completion_time": whole_s - first_s}
        return {"time_info": {**parts, "total_time": whole_s, "created": answer.created}}

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """inference-docs.cerebras.ai/support/rate-limits; all six pairs are said to come; resets are float seconds."""
        found = {"x-request-id": f"req_{number:06d}"}
        for window in ("minute", "hour", "day"):
            for what, most, left in (
                ("requests", limits.requests, limits.requests_left),
                ("tokens", limits.tokens, limits.tokens_left),
            ):
                found[f"x-ratelimit-limit-{what}-{window}"] = str(most)
                found[f"x-ratelimit-remaining-{what}-{window}"] = str(left)
                found[f"x-ratelimit-reset-{what}-{window}"] = f"{limits.reset_s:.6f}"
        return found

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        of_type, code, text = self.said(kind, message, model, key)
        return {"message": text, "type": of_type, "param": param, "code": code}

    def error_event(self) -> Event:
        """ErrorChunkResponse of the SDK's types/chat/chat_completion.py, which does have an envelope."""
        return Event({"error": self.error(500, "server", "", None, "", ""), "status_code": 500})
