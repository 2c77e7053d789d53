"""SambaNova Cloud: reconfigurable dataflow chips behind OpenAI's API, with times among the tokens in `usage`.

docs.sambanova.ai; the types of the sambanova SDK (types/chat/completion_create_params.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider, ServerTimes
from commissure.hal.wire.openai import OpenAiCodec


class SambaNovaCodec(OpenAiCodec):
    """The whole latency is the server's; what comes after the first token is decoding."""

    def times(self, body: Mapping[str, Any]) -> ServerTimes | None:
        """In `usage`, in seconds: time_to_first_token, total_latency."""
        usage = body.get("usage")
        if not isinstance(usage, dict):
            return None
        first_s, total_s = usage.get("time_to_first_token"), usage.get("total_latency")
        if not isinstance(first_s, int | float) or not isinstance(total_s, int | float) or not 0 <= first_s <= total_s:
            return None
        said = {name: value for name, value in usage.items() if not name.endswith(("_tokens", "_details"))}
        return ServerTimes(first_s, total_s - first_s, said)


PROVIDER = Provider(
    codec=SambaNovaCodec,
    base_url="https://api.sambanova.ai/v1",
    # Three clients spell it in three ways: the SDK, pydantic-ai, any-llm.
    url_variables=("SAMBA_NOVA_BASE_URL", "SAMBANOVA_BASE_URL", "SAMBANOVA_API_BASE"),
    key_variables=("SAMBANOVA_API_KEY",),
    # n, seed and logprobs are parameters "not yet supported by our models" (the SDK's own words).
    capabilities=Capabilities(
        min_tokens=False, seed=False, logprobs=None, several=False, images=True, cache_key=False, cache_ttls_s=(),
        completion=False, stop=4,
    ),
    ids={"llama-3.3-70b": "Meta-Llama-3.3-70B-Instruct", "llama-3.1-8b": "Meta-Llama-3.1-8B-Instruct"},
)  # fmt: skip
