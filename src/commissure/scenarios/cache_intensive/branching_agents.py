"""branching-agents: random workflows that branch, or nest loops in loops, where a rule of thumb does not do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from commissure.hal.clock.dice import Dice
from commissure.scenarios.cache_intensive.agents import AgentWorkflow, random_workflows
from commissure.scenarios.cache_intensive.slots import SlotScenario, SlotSettings


class Settings(SlotSettings):
    """The seed draws the workflow, of 8 to 24 agents, and the way through it."""

    family: Literal["branching", "nested"] = "branching"
    turns: Annotated[int, Field(ge=1, le=100_000)] = 120
    slots: Annotated[int, Field(ge=1, le=1000)] = 6


class BranchingAgents(SlotScenario):
    """One workflow at a time; a chain of calls whose next agent is known by its chance only."""

    name = "branching-agents"
    summary = "random agent graphs with branches or nested loops on six KV slots"
    settings = Settings
    variants = ({"family": "branching"}, {"family": "nested"})
    policies = ("lru", "mru", "random", "sieve", "s3fifo", "topology", "topology-stochastic", "belady")

    def flows(self, settings: Settings, seed: int) -> list[AgentWorkflow]:
        """The one that the seed draws."""
        return random_workflows(settings.family, seed)

    def walk(self, flow: AgentWorkflow, settings: Settings, stream: Dice) -> Iterable[str]:
        """So many turns."""
        return flow.turns(settings.turns, stream)


SCENARIO = BranchingAgents()
