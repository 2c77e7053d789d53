"""Moonshot AI's Kimi models. platform.moonshot.ai/docs/api-reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.hal.capabilities import TOOL_CHOICES, Capabilities
from commissure.hal.provider import Provider
from commissure.hal.reply import Usage
from commissure.hal.wire.openai import OpenAiCodec


class MoonshotCodec(OpenAiCodec):
    """Its cache finds prefixes by itself. In a stream the tokens may stand on the choice that has ended."""

    names_prefixes = False

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        """At the top, or on the first choice."""
        choices = body.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        return super().usage(body) or (super().usage(first) if isinstance(first, dict) else None)


# The platform fixes temperature and n of its kimi models and refuses others (reported: java.agentscope.io, Kimi).
_FIXED = {"temperature": False}

PROVIDER = Provider(
    codec=MoonshotCodec,
    base_url="https://api.moonshot.ai/v1",
    url_variables=("MOONSHOT_API_BASE",),
    key_variables=("MOONSHOT_API_KEY",),
    # Seed and log probabilities are not documented; tool_choice "required" is refused.
    capabilities=Capabilities(
        min_tokens=False, seed=False, logprobs=None, several=False, stop=5, cache_ttls_s=(), completion=False,
        tool_choices=TOOL_CHOICES - {"required"}, tells_times=False,
    ),
    models={"kimi-k2.5": _FIXED, "kimi-k2.6": _FIXED},
    retired={
        name: "discontinued in 2026 (promptfoo.dev/docs/providers/moonshot)"
        for name in ("kimi-k2-thinking", "kimi-k2-turbo-preview", "kimi-latest")
    },
)  # fmt: skip
