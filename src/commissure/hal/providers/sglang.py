"""SGLang's server. docs.sglang.io: basic_usage/openai_api and sampling_params, references/production_metrics.

prefetch asks for one token: /generate takes max_new_tokens 0, but /v1/completions refuses max_tokens 0, and what
/v1/chat/completions makes of it is not documented (sgl-project/sglang: srt/sampling/sampling_params.py,
srt/entrypoints/openai/protocol.py). The same two routes take `priority` and, by `options` in the fleet file,
`cache_salt`, to share no prefix with other users of a server.

A server that was started with `--radix-eviction-policy priority --enable-priority-scheduling
--disable-priority-preemption` is steered by hints: say `capabilities = { kv_priorities = true }` in the fleet file.
Then every request carries `priority`, a whole number, 0 unless place set another for its agent (one that said none
would come after all others: srt/managers/scheduler.py, _set_or_validate_priority). Nodes of the radix tree with the
lowest priority leave first, of equals the least recently used, leaves only; nothing is pinned (docs.sglang.io:
advanced_features/radix_eviction_policy; srt/mem_cache/evict_policy.py, PriorityStrategy).

- A node keeps the highest priority of all requests that reached it (radix_eviction_policy: "Request priority";
  srt/mem_cache/radix_cache.py, _insert_helper). So place with a lower priority than before, and evict, are clipped:
  they hold for what the agent's next requests add, or compute anew once it has left.
- The scheduler reads the same number: of waiting requests the highest is served first, and without
  --disable-priority-preemption one that is higher by more than 10 also interrupts a running one.
- It is off by default because a server without these flags passes over `priority` in silence, and one with
  --abort-on-priority-when-disabled answers 503 to every request that carries it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from commissure.hal.call import CacheHint, Call, HintAction, HintOutcome
from commissure.hal.capabilities import Capabilities
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Profile
from commissure.hal.provider import Provider
from commissure.hal.runtime import Runtime
from commissure.hal.wire.client import Client
from commissure.hal.wire.endpoint import ApiEndpoint
from commissure.hal.wire.metrics import SGLANG
from commissure.hal.wire.openai import OpenAiCodec
from commissure.hal.wire.transport import Transport

BY_PRIORITY: frozenset[HintAction] = frozenset({"place", "evict"})
# Agents whose priorities are remembered: those placed last.
MOST_AGENTS = 4096


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


class SglangEndpoint(ApiEndpoint):
    """One SGLang server, whose requests carry priorities where the fleet file says that it evicts by them."""

    def __init__(self, spec: EndpointSpec, profile: Profile, rt: Runtime, client: Client, version: str = "/v1") -> None:
        super().__init__(PROVIDER, spec, profile, rt, client, version)
        if self.capabilities.kv_priorities:
            self.capabilities = replace(self.capabilities, hints=self.capabilities.hints | BY_PRIORITY)
        # By agent: the priority of its next requests, and the highest that it ever had.
        self._priorities: dict[str, tuple[int, int]] = {}

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path and the body of a call, with its agent's priority."""
        path, body = super().request(call, stream=stream)
        if not self.capabilities.kv_priorities:
            return path, body
        of_all = body.get("priority", 0)
        return path, body | {"priority": self._priorities.get(call.agent, (of_all, of_all))[0]}

    async def hint(self, hint: CacheHint) -> HintOutcome:
        """A prefetch; place and evict set what the agent's next requests carry, and send nothing."""
        if hint.action not in BY_PRIORITY:
            return await super().hint(hint)
        priority = 0 if hint.action == "evict" else hint.priority
        if hint.action not in self.capabilities.hints or not hint.agent or priority is None:
            return "unsupported"
        _, highest = self._priorities.pop(hint.agent, (priority, priority))
        self._priorities[hint.agent] = priority, max(priority, highest)
        if len(self._priorities) > MOST_AGENTS:
            del self._priorities[next(iter(self._priorities))]
        return "accepted" if hint.action == "place" and priority >= highest else "clipped"


def over(transport: Transport, spec: EndpointSpec, profile: Profile, rt: Runtime, version: str) -> SglangEndpoint:
    """The endpoint over any transport."""
    return SglangEndpoint(spec, profile, rt, Client(spec.name, transport, rt), version)
