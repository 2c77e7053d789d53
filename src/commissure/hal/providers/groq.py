"""GroqCloud: language processing units behind OpenAI's API. console.groq.com/docs/openai."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider, ServerTimes
from commissure.hal.reply import Usage
from commissure.hal.wire.openai import OpenAiCodec
from commissure.hal.wire.timing import seconds_of


class GroqCodec(OpenAiCodec):
    """Times stand among the tokens, in a stream inside `x_groq`."""

    max_tokens_field = "max_completion_tokens"

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        """In a stream inside `x_groq`."""
        inside = body.get("x_groq")
        return super().usage(body) or (super().usage(inside) if isinstance(inside, dict) else None)

    def times(self, body: Mapping[str, Any]) -> ServerTimes | None:
        """`usage`, in seconds: queue_time, prompt_time, completion_time."""
        inside = body.get("x_groq")
        usage = body.get("usage") or (inside.get("usage") if isinstance(inside, dict) else None)
        return seconds_of(usage, "prompt_time", "completion_time")


PROVIDER = Provider(
    codec=GroqCodec,
    base_url="https://api.groq.com/openai/v1",
    url_variables=("GROQ_BASE_URL",),
    key_variables=("GROQ_API_KEY",),
    # n, logprobs: "not yet supported" (console.groq.com/docs/openai).
    capabilities=Capabilities(
        min_tokens=False, logprobs=None, several=False, stop=4, cache_key=False, cache_ttls_s=(), completion=False
    ),
    ids={"gpt-oss-120b": "openai/gpt-oss-120b", "llama-3.3-70b": "llama-3.3-70b-versatile"},
)
