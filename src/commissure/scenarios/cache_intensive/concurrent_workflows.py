"""concurrent-workflows: several workflows at once share one server's KV slots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from commissure.hal.clock.dice import Dice
from commissure.scenarios.cache_intensive.agents import AgentWorkflow, random_workflows
from commissure.scenarios.cache_intensive.slots import SlotScenario, SlotSettings


class Settings(SlotSettings):
    """The seed draws two to four workflows of 4 to 9 agents. Tools take `tool_s` on average, each agent's its own."""

    turns: Annotated[int, Field(ge=1, le=100_000)] = 40
    slots: Annotated[int, Field(ge=1, le=1000)] = 6
    tool_s: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0.5


class ConcurrentWorkflows(SlotScenario):
    """Each workflow takes so many turns; who calls when hangs on how long calls and tools take."""

    name = "concurrent-workflows"
    summary = "two to four random workflows at once on six KV slots"
    settings = Settings
    variants = ({"turns": 40},)
    # Who calls when is not known before the run, so there is no Belady; `fewest` is of the calls as they came.
    policies = ("lru", "mru", "random", "sieve", "s3fifo", "topology", "topology-stochastic")

    def flows(self, settings: Settings, seed: int) -> list[AgentWorkflow]:
        """Those that the seed draws."""
        return random_workflows("concurrent", seed)

    def walk(self, flow: AgentWorkflow, settings: Settings, stream: Dice) -> Iterable[str]:
        """So many turns each."""
        return flow.turns(settings.turns, stream)


SCENARIO = ConcurrentWorkflows()
