"""OpenAI's chat completions. platform.openai.com/docs/api-reference/chat; openai/openai-openapi openapi.yaml."""

from __future__ import annotations

from typing import Any

from commissure.hal.call import Call
from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider
from commissure.hal.wire.openai import OpenAiCodec


class OpenAiOwnCodec(OpenAiCodec):
    """Its own server pads events against eavesdroppers; encrypted anyway, the padding is left out."""

    max_tokens_field = "max_completion_tokens"

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path and the body."""
        path, body = super().request(call, stream=stream)
        if stream:
            body["stream_options"] = {"include_usage": True, "include_obfuscation": False}
        return path, body


# Models that reason draw tokens in their own way and take no stop texts (platform.openai.com/docs/guides/reasoning).
_REASONS = {"temperature": False, "stop": 0, "logprobs": None}

PROVIDER = Provider(
    codec=OpenAiOwnCodec,
    base_url="https://api.openai.com/v1",
    url_variables=("OPENAI_BASE_URL",),
    key_variables=("OPENAI_API_KEY",),
    variables={"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"},
    # How long a prefix is kept can be said of gpt-5.6 and later only, and there is one value: not a choice.
    # `n` is at most 128 (openai/openai-openapi openapi.yaml, CreateChatCompletionRequest).
    capabilities=Capabilities(
        min_tokens=False, stop=4, most_answers=128, cache_ttls_s=(), completion=False, tells_times=False
    ),
    models={"gpt-5": _REASONS, "gpt-5.2": _REASONS},
)
