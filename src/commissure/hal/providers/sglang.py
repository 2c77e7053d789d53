"""SGLang's server. docs.sglang.io: basic_usage/openai_api and sampling_params, references/production_metrics."""

from __future__ import annotations

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider
from commissure.hal.wire.metrics import SGLANG
from commissure.hal.wire.openai import OpenAiCodec


class SglangCodec(OpenAiCodec):
    """Radix-tree prefix cache, automatic; reused tokens are told with --enable-cache-report."""

    names_prefixes = False

    bare_schema = True


PROVIDER = Provider(
    codec=SglangCodec,
    key_required=False,
    capabilities=Capabilities(hints=frozenset({"prefetch"}), cache_ttls_s=(), tells_times=False),
    metrics=SGLANG,
)
