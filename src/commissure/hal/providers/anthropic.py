"""Anthropic. docs.anthropic.com: api/messages, build-with-claude/prompt-caching and structured-outputs."""

from __future__ import annotations

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider
from commissure.hal.wire.anthropic import TTLS, AnthropicCodec

PROVIDER = Provider(
    codec=AnthropicCodec,
    base_url="https://api.anthropic.com/v1",
    url_variables=("ANTHROPIC_BASE_URL",),
    key_variables=("ANTHROPIC_API_KEY",),
    key_header="x-api-key",
    headers={"anthropic-version": "2023-06-01"},
    # Version 2026-10-21 of the API removed temperature (platform.claude.com/docs/en/api/versioning). The one that is
    # asked for above keeps it, for models that still take it: these can say so in the fleet file.
    capabilities=Capabilities(
        min_tokens=False, temperature=False, seed=False, logprobs=None, several=False, completion=False,
        cache_ttls_s=tuple(TTLS), tells_times=False,
    ),
    # Its list comes in pages.
    models_path="/models?limit=1000",
    ids={"claude-opus-4.5": "claude-opus-4-5"},
)  # fmt: skip
