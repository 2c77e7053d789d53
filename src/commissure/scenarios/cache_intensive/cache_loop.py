"""cache-loop: more agents than KV slots. Which resident prompt leaves when another agent calls?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from commissure.hal.call import Call
from commissure.hal.errors import UsageError
from commissure.hal.eviction import Plan
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.policy import Candidate, FirstAble, FleetStatus, Router
from commissure.hal.runtime import Runtime
from commissure.hal.words import distinct_text
from commissure.policies.cache import build_evictor
from commissure.scenarios.cache_intensive.agents import AgentWorkflow, WorkflowName, build_workflow
from commissure.scenarios.cache_intensive.claims import cache_loop_claims
from commissure.scenarios.cache_intensive.figures import misses_figure
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim
from commissure.theory.cache.belady import fewest_misses

FRAME_TOKENS = 64
PER_ENDPOINT = "misses_per_endpoint"


class Settings(BaseModel):
    """Six agents in a loop, five slots: the published experiment. Lengths in words of one token each.

    `slots` is the number of each endpoint, where the fleet has several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workflow: WorkflowName = "loop"
    iterations: Annotated[int, Field(ge=1, le=100_000)] = 12
    agents: Annotated[int, Field(ge=1, le=1000)] = 6
    slots: Annotated[int, Field(ge=1, le=1000)] = 5
    prompt_words: Annotated[int, Field(ge=1, le=4000)] = 160
    turn_words: Annotated[int, Field(ge=1, le=1000)] = 6
    output_tokens: Annotated[int, Field(ge=1, le=1000)] = 8

    @property
    def slot_tokens(self) -> int:
        """Room for one agent's prompt, turn and answer."""
        needed = self.prompt_words + self.turn_words + self.output_tokens + FRAME_TOKENS
        return 256 * (1 + needed // 256)

    def build(self) -> AgentWorkflow:
        """The workflow's graph."""
        return build_workflow(self.workflow, self.agents)


@dataclass(frozen=True)
class Homes(Router):
    """Each agent at an endpoint of its own, in turn by the agents' order: their prompts stay where they are."""

    agents: tuple[str, ...]

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """The agent's endpoint."""
        able = fleet.able(call)
        return able[self.agents.index(call.agent) % len(able)]


class CacheLoop:
    """Agents with distinct long system prompts call a model; its server holds the KV cache of a few."""

    name = "cache-loop"
    summary = "six agents in a loop on five KV slots: which prompt's cache leaves?"
    settings = Settings
    variants: Sequence[Mapping[str, Any]] = (
        {"workflow": "loop", "iterations": 12},
        {"workflow": "branching", "iterations": 8},
    )
    policies = ("lru", "mru", "random", "topology")

    def fleet(self, fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
        """Endpoints with slots, under the evictor of that name.

        Agents are divided among several endpoints, unless the fleet has a router that does more than take the first.
        """
        if any(spec.provider != "llama_cpp" for spec in fleet.specs):
            raise UsageError("cache-loop needs one llama_cpp endpoint, or several, whose KV slots it can address")
        graph = settings.build().graph
        if len(fleet.specs) > 1 and isinstance(fleet.router, FirstAble):
            fleet = replace(fleet, router=Homes(tuple(graph)))
        evictor = build_evictor(policy, Plan(graph, seed))
        return fleet.with_slots(settings.slots, settings.slot_tokens).with_evictor(evictor)

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Settings) -> None:
        """Each agent in its turn; whom the seed chooses where the graph branches."""
        flow = settings.build()
        for number, agent in enumerate(flow.walk(settings.iterations, rt.rng("walk"))):
            await fleet.generate(
                Call(
                    distinct_text(settings.turn_words, f"{agent}/{number}"),
                    flow.system_prompt(agent, settings.prompt_words),
                    kind="turn",
                    agent=agent,
                    max_tokens=settings.output_tokens,
                    min_tokens=settings.output_tokens,
                )
            )

    def measure(self, calls: Sequence[CallRecord], settings: Settings) -> dict[str, Any]:
        """Misses of each iteration, beside the fewest that any policy could reach, and prompt tokens computed.

        With several endpoints, also the misses of each; the fewest are then of all, given where the calls went.
        """
        entry = settings.build().entry
        starts = [number for number, call in enumerate(calls) if call.agent == entry]
        spans = list(zip(starts, [*starts[1:], len(calls)], strict=True))
        fewest = _fewest(calls, settings.slots)
        misses = Counter({call.endpoint: 0 for call in calls})
        misses.update(call.endpoint for call in calls if call.miss)
        return ({PER_ENDPOINT: dict(misses)} if len(misses) > 1 else {}) | {
            "misses_per_iteration": [sum(call.miss for call in calls[first:last]) for first, last in spans],
            "fewest_misses_per_iteration": [len(fewest.intersection(range(first, last))) for first, last in spans],
            "prompt_tokens": sum(call.prompt_tokens for call in calls),
            "prompt_tokens_computed": sum(call.computed_tokens for call in calls),
            "prefill_s": sum(call.prefill_s for call in calls),
        }

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Misses, the fewest possible, and prompt tokens computed."""
        misses = measures["misses_per_iteration"]
        apart = ", ".join(f"{name} {count}" for name, count in measures.get(PER_ENDPOINT, {}).items())
        return {
            "misses by iteration": ",".join(map(str, misses)),
            "misses": f"{sum(misses)}" + (f" ({apart})" if apart else ""),
            "fewest": str(sum(measures["fewest_misses_per_iteration"])),
            "tokens computed": str(measures["prompt_tokens_computed"]),
        }

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """Misses by iteration."""
        return [("Misses by iteration: simulated as lines, measured as circles", misses_figure(legs))]

    def expected_calls(self, settings: Settings, seed: int) -> int:
        """The length of the walk that the seed gives."""
        from commissure.sim.runtime import SimRuntime

        return sum(1 for _ in settings.build().walk(settings.iterations, SimRuntime(seed).rng("walk")))

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """6 against 1 misses an iteration; up to 2.4 times faster."""
        # They are of one endpoint.
        return cache_loop_claims(self, [leg for leg in measured if PER_ENDPOINT not in leg])


def _fewest(calls: Sequence[CallRecord], slots: int) -> set[int]:
    """Which calls miss under Belady's optimum, found for each endpoint by itself."""
    found: set[int] = set()
    for endpoint in {call.endpoint for call in calls}:
        own = [number for number, call in enumerate(calls) if call.endpoint == endpoint]
        found.update(own[place] for place in fewest_misses([calls[number].agent for number in own], slots))
    return found


SCENARIO = CacheLoop()
