"""Together AI. docs.together.ai/docs/openai-api-compatibility."""

from __future__ import annotations

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider
from commissure.hal.wire.openai import OpenAiCodec

PROVIDER = Provider(
    codec=OpenAiCodec,
    base_url="https://api.together.xyz/v1",
    url_variables=("TOGETHER_BASE_URL",),
    key_variables=("TOGETHER_API_KEY",),
    capabilities=Capabilities(
        min_tokens=False, logprobs=None, several=False, stop=4, cache_key=False, cache_ttls_s=(), tells_times=False
    ),
    # As LiteLLM's table of models has them (together_ai/...).
    ids={
        "gpt-oss-120b": "openai/gpt-oss-120b",
        "llama-3.3-70b": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "qwen3-235b": "Qwen/Qwen3-235B-A22B-Instruct-2507-tput",
        "qwen3-vl-8b": "Qwen/Qwen3-VL-8B-Instruct",
    },
)
