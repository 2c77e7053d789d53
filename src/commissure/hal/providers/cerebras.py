"""Cerebras Inference: wafer-scale chips behind OpenAI's API, with the cleanest account of the time of all.

inference-docs.cerebras.ai; the types of cerebras-cloud-sdk 1.91.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider, ServerTimes
from commissure.hal.wire.openai import OpenAiCodec
from commissure.hal.wire.timing import seconds_of


class CerebrasCodec(OpenAiCodec):
    """Quota is taken up front for max_completion_tokens, so a tight bound admits more calls."""

    max_tokens_field = "max_completion_tokens"

    def times(self, body: Mapping[str, Any]) -> ServerTimes | None:
        """`time_info`, in seconds: queue_time, prompt_time, completion_time, total_time."""
        return seconds_of(body.get("time_info"), "prompt_time", "completion_time")


PROVIDER = Provider(
    codec=CerebrasCodec,
    base_url="https://api.cerebras.ai/v1",
    url_variables=("CEREBRAS_BASE_URL",),
    key_variables=("CEREBRAS_API_KEY",),
    # `n` is in the SDK's types, but which models take it is not said: several answers are asked for one by one.
    capabilities=Capabilities(
        min_tokens=False, stop=4, images=False, cache_ttls_s=(), several=False, completion=True, tells_times=True
    ),
    retired={
        name: "no longer in Cerebras' list of models, though price lists still carry it (2026-10)"
        for name in ("llama-3.3-70b", "qwen3-235b")
    },
)
