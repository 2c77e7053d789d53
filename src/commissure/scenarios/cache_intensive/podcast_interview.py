"""podcast-interview: a host and two characters with long prompts take turns, with room for two of the three."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from commissure.hal.clock.dice import Dice
from commissure.scenarios.cache_intensive.agents import AgentWorkflow, interview
from commissure.scenarios.cache_intensive.interview_claim import interview_claims
from commissure.scenarios.cache_intensive.slots import SlotScenario, SlotSettings
from commissure.scenarios.scenario import Claim


class Settings(SlotSettings):
    """`host_length` is that of the host's prompt beside a character's; `tool_s` is how long an answer is spoken."""

    iterations: Annotated[int, Field(ge=1, le=100_000)] = 12
    slots: Annotated[int, Field(ge=1, le=1000)] = 2
    prompt_words: Annotated[int, Field(ge=1, le=4000)] = 320
    output_tokens: Annotated[int, Field(ge=1, le=1000)] = 32
    host_length: Annotated[float, Field(gt=0, le=1)] = 0.25


class PodcastInterview(SlotScenario):
    """Host, Ann, host, Ben: whichever character is evicted is the one that speaks next but one."""

    name = "podcast-interview"
    summary = "a host and two characters with long prompts on two KV slots: what can save a fifth of the time?"
    settings = Settings
    # Eviction alone; with a disk below the slots; and fetched ahead while an answer is spoken.
    variants: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"disk_slots": 0},
        {"disk_slots": 3},
        {"prefetch": "likely", "tool_s": 1.0},
    )
    policies = ("lru", "mru", "topology-stochastic", "topology-cost", "belady")

    def flows(self, settings: Settings, seed: int) -> list[AgentWorkflow]:
        """One."""
        return [interview(settings.host_length)]

    def walk(self, flow: AgentWorkflow, settings: Settings, stream: Dice) -> Iterable[str]:
        """So many rounds of four turns."""
        return flow.iterations(settings.iterations, stream)

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """A fifth of the time is saved."""
        return interview_claims(self, measured)


SCENARIO = PodcastInterview()
