"""Novita AI. novita.ai/docs/guides/llm-api."""

from __future__ import annotations

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider
from commissure.hal.wire.openai import OpenAiCodec

PROVIDER = Provider(
    codec=OpenAiCodec,
    base_url="https://api.novita.ai/openai/v1",
    url_variables=("NOVITA_BASE_URL",),
    key_variables=("NOVITA_API_KEY",),
    capabilities=Capabilities(
        min_tokens=False, logprobs=None, several=False, stop=4, cache_key=False, cache_ttls_s=(), tells_times=False
    ),
    # As LiteLLM's table of models has them (novita/...).
    ids={"qwen3-235b": "qwen/qwen3-235b-a22b-instruct-2507", "qwen3-vl-8b": "qwen/qwen3-vl-8b-instruct"},
)
