"""Any other server that follows OpenAI's chat completions: the fleet file says where it is and what it can do."""

from __future__ import annotations

from commissure.hal.capabilities import Capabilities
from commissure.hal.provider import Provider
from commissure.hal.wire.openai import OpenAiCodec

PROVIDER = Provider(
    codec=OpenAiCodec,
    key_required=False,
    capabilities=Capabilities(min_tokens=False, cache_ttls_s=(), stop=4, several=False, tells_times=False),
)
