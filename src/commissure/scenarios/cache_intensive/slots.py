"""What the cache scenarios have in common: agents with long prompts, and a server with fewer KV slots than agents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import networkx as nx
from pydantic import BaseModel, ConfigDict, Field

from commissure.hal.call import Call
from commissure.hal.clock.dice import Dice, dice
from commissure.hal.errors import UsageError
from commissure.hal.eviction import Plan
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.policy import Candidate, FirstAble, FleetStatus, Router
from commissure.hal.runtime import Runtime
from commissure.hal.words import distinct_text
from commissure.policies.cache import evictor_names
from commissure.policies.cache.traces.flat import Use
from commissure.policies.custom.build import evictor_of
from commissure.policies.prefetch import build_prefetcher
from commissure.scenarios.cache_intensive.agents import AgentWorkflow
from commissure.scenarios.cache_intensive.figures import hits_figure
from commissure.scenarios.cache_intensive.optimum import fewest_missed, tokens_bracket
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim, Table
from commissure.sim.behaviour import Behaviour

FRAME_TOKENS = 64
PER_ENDPOINT = "misses_per_endpoint"


class SlotSettings(BaseModel):
    """Lengths in words of one token each. `slots` and `disk_slots` are of each endpoint, where the fleet has several.

    `tool_s` is how long each agent's tool runs after its answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slots: Annotated[int, Field(ge=1, le=1000)] = 5
    disk_slots: Annotated[int, Field(ge=0, le=100_000)] = 0
    prefetch: Literal["none", "likely"] = "none"
    prompt_words: Annotated[int, Field(ge=1, le=4000)] = 160
    turn_words: Annotated[int, Field(ge=1, le=1000)] = 6
    output_tokens: Annotated[int, Field(ge=1, le=1000)] = 8
    tool_s: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0.0

    @property
    def slot_tokens(self) -> int:
        """Room for one agent's prompt, turn and answer."""
        needed = self.prompt_words + self.turn_words + self.output_tokens + FRAME_TOKENS
        return 256 * (1 + needed // 256)


@dataclass(frozen=True)
class Homes(Router):
    """Each agent at an endpoint of its own, in turn by the agents' order: their prompts stay where they are."""

    agents: tuple[str, ...]

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """The agent's endpoint."""
        able = fleet.able(call)
        return able[self.agents.index(call.agent) % len(able)]


class SlotScenario(ABC):
    """Agents with distinct long system prompts call a model; its server holds the KV cache of a few."""

    name: ClassVar[str]
    summary: ClassVar[str]
    settings: ClassVar[type[SlotSettings]] = SlotSettings
    variants: ClassVar[Sequence[Mapping[str, Any]]]
    policies: ClassVar[Sequence[str]] = ("lru", "mru", "random", "topology", "topology-stochastic", "belady")

    @property
    def known_policies(self) -> Sequence[str]:
        """Every evictor."""
        return evictor_names()

    @abstractmethod
    def flows(self, settings: Any, seed: int) -> list[AgentWorkflow]:
        """The workflows that run at once."""

    @abstractmethod
    def walk(self, flow: AgentWorkflow, settings: Any, stream: Dice) -> Iterable[str]:
        """The agents of one of them in the order of their calls."""

    def fleet(self, fleet: Fleet, settings: Any, policy: str, seed: int) -> Fleet:
        """Endpoints with slots, under the evictor of that name.

        Agents are divided among several endpoints, unless the fleet has a router that does more than take the first.
        """
        if any(spec.provider != "llama_cpp" for spec in fleet.specs):
            raise UsageError(f"{self.name} needs one llama_cpp endpoint, or several, whose KV slots it can address")
        flows = self.flows(settings, seed)
        graph = nx.compose_all([flow.graph for flow in flows])
        if len(fleet.specs) > 1 and isinstance(fleet.router, FirstAble):
            agents = dict.fromkeys(flow.agent(node) for flow in flows for node in flow.graph)
            fleet = replace(fleet, router=Homes(tuple(agents)))
        known = len(flows) == 1 and len(fleet.specs) == 1
        uses = tuple(use.key for use in self._uses(flows[0], settings, seed)) if known else ()
        plan = Plan(graph, seed, uses)
        prefetcher = None if settings.prefetch == "none" else build_prefetcher(settings.prefetch, plan)
        sized = fleet.with_slots(settings.slots, settings.slot_tokens, settings.disk_slots)
        return sized.with_evictor(evictor_of(policy, plan), prefetcher)

    def behaviour(self, settings: Any, seed: int) -> Behaviour | None:
        """Filler: what is said does not matter to a cache."""
        return None

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Any, policy: str) -> None:
        """Each agent in its turn, whom the seed chooses where the graph branches; several workflows side by side."""
        flows = self.flows(settings, rt.seed)
        if len(flows) == 1:
            await self._run(rt, fleet, settings, flows[0], _name_of(0, flows))
        else:
            names = [_name_of(number, flows) for number in range(len(flows))]
            await rt.gather(*(self._run(rt, fleet, settings, *pair) for pair in zip(flows, names, strict=True)))

    async def _run(self, rt: Runtime, fleet: OpenFleet, settings: Any, flow: AgentWorkflow, name: str) -> None:
        for number, node in enumerate(self.walk(flow, settings, rt.rng(name))):
            await fleet.generate(
                Call(
                    distinct_text(settings.turn_words, f"{node}/{number}"),
                    flow.system_prompt(node, settings.prompt_words),
                    kind="turn",
                    agent=flow.agent(node),
                    max_tokens=settings.output_tokens,
                    min_tokens=settings.output_tokens,
                    workflow=name,
                    node=node,
                )
            )
            if settings.tool_s:
                await rt.sleep(settings.tool_s * flow.graph.nodes[node].get("duration_s", 1.0))
        fleet.ended(name)

    def measure(self, calls: Sequence[CallRecord], settings: Any, seed: int) -> dict[str, Any]:
        """Misses beside the fewest that any evictor could reach, and prompt tokens computed beside their bounds.

        With several endpoints, also the misses of each; the fewest are then of all, given where the calls went.
        """
        flows = self.flows(settings, seed)
        prompts = {
            flow.agent(node): flow.prompt_words(node, settings.prompt_words, settings.turn_words)
            for flow in flows
            for node in flow.graph
        }
        misses = Counter({call.endpoint: 0 for call in calls})
        misses.update(call.endpoint for call in calls if call.miss)
        return ({PER_ENDPOINT: dict(misses)} if len(misses) > 1 else {}) | {
            "misses": sum(misses.values()),
            "fewest_misses": len(fewest_missed(calls, settings)),
            **({"restored": sum(call.restored for call in calls)} if settings.disk_slots else {}),
            **({"fetched": sum(call.fetched for call in calls)} if settings.prefetch != "none" else {}),
            "prompt_tokens": sum(call.prompt_tokens for call in calls),
            "prompt_tokens_computed": sum(call.computed_tokens for call in calls),
            "optimum_tokens": tokens_bracket(calls, settings, prompts),
            "prefill_s": sum(call.prefill_s for call in calls),
        }

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Misses, the fewest possible, prompt tokens computed and their bounds; what came from the disk or ahead."""
        apart = ", ".join(f"{name} {count}" for name, count in measures.get(PER_ENDPOINT, {}).items())
        moved = {what: str(measures[what]) for what in ("restored", "fetched") if what in measures}
        return {
            "misses": f"{measures['misses']}" + (f" ({apart})" if apart else ""),
            "fewest": str(measures["fewest_misses"]),
            **moved,
            "tokens computed": str(measures["prompt_tokens_computed"]),
            "optimum": " to ".join(map(str, dict.fromkeys(measures["optimum_tokens"]))),
        }

    def tables(self, legs: Sequence[LegSummary]) -> list[Table]:
        """None: a leg's row says it all."""
        return []

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """Hit ratios at every number of slots, between nothing and the optimum."""
        settings = self.settings.model_validate(legs[0].settings)
        flows = self.flows(settings, legs[0].seed)
        if len(flows) > 1:
            return []
        uses = self._uses(flows[0], settings, legs[0].seed)
        policies = list(dict.fromkeys(leg.policy for leg in legs))
        plan = Plan(flows[0].graph, legs[0].seed, tuple(use.key for use in uses))
        return [
            ("Hits by number of slots, against the optimum (by the cache alone)", hits_figure(uses, policies, plan))
        ]

    def _uses(self, flow: AgentWorkflow, settings: Any, seed: int) -> list[Use]:
        """What one workflow alone uses, which the seed decides."""
        nodes = self.walk(flow, settings, dice(f"{seed}/{_name_of(0, [flow])}"))
        return [Use(flow.agent(node), node) for node in nodes]

    def expected_calls(self, settings: Any, seed: int) -> int:
        """The length of the walks that the seed gives."""
        flows = self.flows(settings, seed)
        return sum(
            sum(1 for _ in self.walk(flow, settings, dice(f"{seed}/{_name_of(number, flows)}")))
            for number, flow in enumerate(flows)
        )

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """None of its own."""
        return []


def _name_of(number: int, flows: Sequence[AgentWorkflow]) -> str:
    """The name of a workflow, and of its dice."""
    return "walk" if len(flows) == 1 else f"walk {number + 1}"
