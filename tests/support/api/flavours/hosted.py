"""Hosted services close to OpenAI's: SambaNova, Moonshot, Groq, Together."""

from __future__ import annotations

from typing import ClassVar

from tests.support.api.answer import Answer, Choice
from tests.support.api.ask import Body
from tests.support.api.flavours.base import Load, Reply
from tests.support.api.flavours.openai import OpenAI
from tests.support.api.flavours.shapes import ERRORS, Errors, Limits


def per_s(tokens: float, seconds: float) -> float:
    """A rate; zero where no time has passed."""
    return tokens / seconds if seconds > 0 else 0.0


class SambaNova(OpenAI):
    """Timing within the usage: sambanova 1.13 types/chat/chat_completion_response.py."""

    name = "sambanova"
    known = None
    reasoning = "reasoning"
    null_usage_in_chunks = False
    # docs.sambanova.ai api-reference/using-the-api/api-error-codes.
    errors: ClassVar[Errors] = {**ERRORS, "gone": ("model_gone", "410", "Model {model} is no longer available.")}

    def usage(self, answer: Answer) -> Body:
        first_s, whole_s = answer.first_s - answer.start_s, answer.end_s - answer.start_s
        counts = self.counts(answer)
        output = counts["completion_tokens"]
        after_first = per_s(output - 1, whole_s - first_s)
        return {
            **counts,
            "time_to_first_token": first_s,
            "total_latency": whole_s,
            "start_time": answer.created,
            "end_time": answer.created + whole_s,
            "completion_tokens_per_sec": per_s(output, whole_s),
            "completion_tokens_after_first_per_sec": after_first,
            "completion_tokens_after_first_per_sec_first_ten": after_first,
            "total_tokens_per_sec": per_s(counts["total_tokens"], whole_s),
            "acceptance_rate": 0.0,
            "is_last_response": True,
            "stop_reason": answer.choices[0].finish,
            "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        }

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        return {**super().error(status, kind, message, param, model, key), "request_id": "2a8b3c4d-0000"}

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """In every response, by the docs (models/rate-limits), which do not name them: these names are assumed."""
        left = {"limit": limits.requests, "remaining": limits.requests_left, "reset": int(limits.reset_s)}
        return {f"x-ratelimit-{what}-requests{day}": str(value) for what, value in left.items() for day in ("", "-day")}


class Moonshot(OpenAI):
    """cached_tokens at the top of the usage, and a second usage in the finish chunk's choice (platform.kimi.ai)."""

    name = "moonshotai"
    known = None
    reasoning = "reasoning_content"
    fingerprint = None
    null_usage_in_chunks = False
    # platform.kimi.ai/docs/api/errors; a body has type and message only.
    errors: ClassVar[Errors] = {
        **ERRORS,
        "unavailable": ("engine_overloaded_error", None, "The engine is currently overloaded, please try again later"),
        "rate": ("rate_limit_reached_error", None, "Your account reached max request limit."),
        "spent": ("exceeded_current_quota_error", None, "Your account has insufficient balance."),
        "model": ("resource_not_found_error", None, "Not found the model {model} or Permission denied"),
        "auth": ("incorrect_api_key_error", None, "Incorrect API key provided: {key}"),
    }

    def usage(self, answer: Answer) -> Body:
        return {**self.counts(answer), "cached_tokens": answer.cached_tokens}

    def finish_extras(self, answer: Answer) -> Body:
        return {} if answer.usage == "none" else {"usage": None if answer.usage == "null" else self.usage(answer)}

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        of_type, _, text = self.said(kind, message, model, key)
        return {"error": {"type": of_type, "message": text}}

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """kimi.com/help/kimi-api/api-rate-limits."""
        return {
            "X-RateLimit-Limit": str(limits.requests),
            "X-RateLimit-Remaining": str(limits.requests_left),
            "X-RateLimit-Reset": str(int(limits.reset_s)),
        }


class Groq(OpenAI):
    """Times in the usage, and x_groq in the first and the finish chunk (groq 1.7 types/completion_usage.py, XGroq)."""

    name = "groq"
    calls: ClassVar = {"/openai/v1/chat/completions": "chat", "/v1/chat/completions": "chat"}
    known = None
    reasoning = "reasoning"
    null_usage_in_chunks = False

    def usage(self, answer: Answer) -> Body:
        first_s, whole_s = answer.first_s - answer.start_s, answer.end_s - answer.start_s
        times = {"queue_time": 0.0, "prompt_time": first_s, "completion_time": whole_s - first_s, "total_time": whole_s}
        cached = {"prompt_tokens_details": {"cached_tokens": answer.cached_tokens}}
        return {**self.counts(answer), **times, **cached}

    def get(self, path: str, load: Load) -> Reply | None:
        return super().get(path.removeprefix("/openai"), load)

    def first_extras(self, answer: Answer) -> Body:
        return {"x_groq": {"id": f"req_{answer.number:06d}"}}

    def extras(self, answer: Answer) -> Body:
        usage = {"usage": self.usage(answer)} if answer.ask.stream and answer.usage in ("normal", "late") else {}
        return {"x_groq": {"id": f"req_{answer.number:06d}", **usage}}


class Together(OpenAI):
    """No token details, finish_reason eos, the prompt list (together 3.1 types/chat/chat_completion.py)."""

    name = "together"
    known = None
    reasoning = "reasoning"
    fingerprint = None
    null_usage_in_chunks = False

    def usage(self, answer: Answer) -> Body:
        return self.counts(answer)

    def finish(self, choice: Choice) -> str:
        return "eos" if choice.finish == "stop" and choice.matched is None else choice.finish

    def extras(self, answer: Answer) -> Body:
        return {} if answer.ask.stream else {"prompt": []}
