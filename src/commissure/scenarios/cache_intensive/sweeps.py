"""The loop swept over its agents, slots, iterations and answers: what the savings laws say, and what sim gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.scenario import Scenario

SLOTS = (1, 2, 3, 4, 5, 6, 7)
ITERATIONS = (2, 6, 11, 16, 21, 26)
OUTPUT_TOKENS = (1, 8, 24, 64, 160)
AGENTS = (2, 4, 6, 9, 12)


@dataclass(frozen=True)
class Point:
    """One setting: prompts that the graph saves against LRU, by law and in sim, and what it saves of the time."""

    at: int
    saved: int
    law: float
    speedup: float
    prefill_share: float
    prefill_saved: float

    @property
    def lawful_speedup(self) -> float:
        """1 / (1 - f h): f the share of prefill in LRU's time, h the part of it that is saved."""
        return 1 / (1 - self.prefill_share * self.prefill_saved)


def saved_by_law(agents: int, slots: int, iterations: int) -> float:
    """Prompts that LRU computes and the optimum does not, under forced residency, over so many iterations.

    (M - 1) N (C - 1) / (N - 1) for C < N: MIN misses N (N - C) / (N - 1) of N an iteration in the long run. From
    C = N on, LRU hits too.
    """
    if slots >= agents:
        return 0.0
    return (iterations - 1) * agents * (slots - 1) / (agents - 1)


def sweep(scenario: Scenario, name: str, values: Sequence[int]) -> list[Point]:
    """The loop in sim, `topology` beside `lru`, with one setting at each of the values; agents with a slot too few."""
    points = []
    for value in values:
        changes: dict[str, int] = {name: value}
        if name == "agents":
            changes["slots"] = max(1, value - 1)
        settings = scenario.settings.model_validate({"workflow": "loop", **changes})
        lru, ours = (_leg(scenario, settings, policy) for policy in ("lru", "topology"))
        known = settings.model_dump()
        saved = lru.measures["misses"] - ours.measures["misses"]
        share = lru.measures["prefill_s"] / lru.time_s
        points.append(
            Point(
                at=value,
                saved=saved,
                law=saved_by_law(known["agents"], known["slots"], known["iterations"]),
                speedup=lru.time_s / ours.time_s,
                prefill_share=share,
                prefill_saved=1 - ours.measures["prefill_s"] / lru.measures["prefill_s"],
            )
        )
    return points


def _leg(scenario: Scenario, settings: object, policy: str) -> LegSummary:
    known = scenario.settings.model_validate(settings)
    return summarise(scenario, known, policy, run_leg(scenario, known, Fleet.load(), policy, "sim", 0))
