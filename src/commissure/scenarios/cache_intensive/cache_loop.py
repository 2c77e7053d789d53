"""cache-loop: agents in turn, more of them than KV slots; LRU evicts just what is needed next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from commissure.hal.clock.dice import Dice
from commissure.hal.journal import CallRecord
from commissure.scenarios.cache_intensive.agents import AgentWorkflow, WorkflowName, build_workflow
from commissure.scenarios.cache_intensive.claims import cache_loop_claims
from commissure.scenarios.cache_intensive.figures import misses_figure, sweeps_figure
from commissure.scenarios.cache_intensive.slots import PER_ENDPOINT, SlotScenario, SlotSettings, fewest_missed
from commissure.scenarios.cache_intensive.sweeps import ITERATIONS, OUTPUT_TOKENS, SLOTS, sweep
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim


class Settings(SlotSettings):
    """Six agents in a loop, five slots: the published experiment."""

    workflow: WorkflowName = "loop"
    iterations: Annotated[int, Field(ge=1, le=100_000)] = 12
    agents: Annotated[int, Field(ge=1, le=1000)] = 6


class CacheLoop(SlotScenario):
    """Six agents in a loop on five KV slots, and a workflow of eight that branches."""

    name = "cache-loop"
    summary = "six agents in a loop on five KV slots: which prompt's cache leaves?"
    settings = Settings
    variants = ({"workflow": "loop", "iterations": 12}, {"workflow": "branching", "iterations": 8})
    policies = ("lru", "mru", "random", "topology")

    def flows(self, settings: Settings, seed: int) -> list[AgentWorkflow]:
        """One."""
        return [build_workflow(settings.workflow, settings.agents)]

    def walk(self, flow: AgentWorkflow, settings: Settings, stream: Dice) -> Iterable[str]:
        """So many iterations."""
        return flow.iterations(settings.iterations, stream)

    def measure(self, calls: Sequence[CallRecord], settings: Settings) -> dict[str, Any]:
        """Also the misses of each iteration."""
        entry = self.flows(settings, 0)[0].entry
        starts = [number for number, call in enumerate(calls) if call.agent == entry]
        spans = list(zip(starts, [*starts[1:], len(calls)], strict=True))
        fewest = fewest_missed(calls, settings)
        return super().measure(calls, settings) | {
            "misses_per_iteration": [sum(call.miss for call in calls[first:last]) for first, last in spans],
            "fewest_misses_per_iteration": [len(fewest.intersection(range(first, last))) for first, last in spans],
        }

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Also the misses of each iteration."""
        return {"misses by iteration": ",".join(map(str, measures["misses_per_iteration"]))} | super().columns(measures)

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """Also the misses by iteration, and the loop's sweeps."""
        found = [
            ("Misses by iteration: simulated as lines, measured as circles", misses_figure(legs)),
            *super().figures(legs),
        ]
        if legs[0].settings["workflow"] == "loop":
            grid = {"slots": SLOTS, "iterations": ITERATIONS, "output_tokens": OUTPUT_TOKENS}
            swept = [sweep(self, name, values) for name, values in grid.items()]
            found.append(("The loop of the default settings swept in sim: what the graph saves", sweeps_figure(*swept)))
        return found

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """6 against 1 misses an iteration; up to 2.4 times faster."""
        # They are of one endpoint.
        return cache_loop_claims(self, [leg for leg in measured if PER_ENDPOINT not in leg])


SCENARIO = CacheLoop()
