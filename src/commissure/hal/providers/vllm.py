"""vLLM's own server. docs.vllm.ai: serving/openai_compatible_server, features/per_request_metrics, design/metrics.

Of hints it takes two, each as a request for one token (SamplingParams takes no fewer). prefetch leaves the prompt's
full blocks in the prefix cache; place touches the blocks of a prefix that is kept, which takes them out of the LRU
queue of free blocks and puts them back at its tail (design/prefix_caching: "Touch", "Free"): they leave last, and are
not pinned. Nothing evicts, saves or restores a prefix: the request field `kv_hints` carries actions that no engine
executes yet (vllm-project/vllm pull 53423), and `priority` orders scheduling, not eviction (issue 47802). To share no
prefix with other users of a server, give it `options = { cache_salt = "..." }` in the fleet file
(design/prefix_caching: "Cache Isolation for Security").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider, ServerTimes
from commissure.hal.wire.metrics import VLLM
from commissure.hal.wire.openai import OpenAiCodec
from commissure.hal.wire.timing import seconds_of


class VllmCodec(OpenAiCodec):
    """The prefix cache is automatic; times come only with --enable-per-request-metrics."""

    names_prefixes = False

    bare_schema = True

    def times(self, body: Mapping[str, Any]) -> ServerTimes | None:
        """`metrics`, in milliseconds: the first token is timed from when the call was scheduled, its wait is apart."""
        return seconds_of(body.get("metrics"), "time_to_first_token_ms", "generation_time_ms", unit_s=1e-3)


# A caller cannot know whether the server was started with its times on: streams are timed here as well.
CAPABILITIES = Capabilities(hints=frozenset({"prefetch", "place"}), cache_ttls_s=(), tells_times=False)

PROVIDER = Provider(
    codec=VllmCodec,
    url_variables=("VLLM_API_BASE",),
    key_variables=("VLLM_API_KEY",),
    key_required=False,
    capabilities=CAPABILITIES,
    metrics=VLLM,
)
