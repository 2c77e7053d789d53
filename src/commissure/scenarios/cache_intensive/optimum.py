"""What no evictor can do better: the fewest misses of a run's calls, and the fewest prompt tokens computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from commissure.hal.journal import CallRecord
from commissure.scenarios.cache_intensive.agents import PromptWords
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.bracket import bracket
from commissure.theory.cache.uses import Uses


class Room(Protocol):
    """The settings that say what an endpoint can hold."""

    @property
    def slots(self) -> int:
        """KV slots."""

    @property
    def disk_slots(self) -> int:
        """Prefixes on its disk."""

    @property
    def prefetch(self) -> str:
        """The prefetcher, or none."""


def fewest_missed(calls: Sequence[CallRecord], room: Room) -> set[int]:
    """Which calls miss under Belady's optimum with forced residency, found for each endpoint by itself."""
    return {
        own[place] for own, agents in _by_endpoint(calls) for place in fewest_misses(agents, _places(room, len(own)))
    }


def tokens_bracket(calls: Sequence[CallRecord], room: Room, prompts: Mapping[str, PromptWords]) -> tuple[int, int]:
    """Between what bounds the fewest prompt tokens lie that any evictor computes for these calls: certified.

    Below: each call computes its own turn, and each miss of an agent at least what no other agent's prompt begins with.
    Above: the best schedule known, whose hits compute all but the agent's prompt; or these very calls, if they computed
    less. What misses cost is bounded by Belady's MIN, or by programs where costs differ (theory.cache.bracket).
    """
    lower = float(sum(prompts[call.agent].turn for call in calls))
    upper = float(sum(call.prompt_tokens - prompts[call.agent].whole for call in calls))
    for own, agents in _by_endpoint(calls):
        places = _places(room, len(own))
        lower += bracket(Uses.of(agents, costs={name: one.own for name, one in prompts.items()}), places).lower
        upper += bracket(Uses.of(agents, costs={name: one.whole for name, one in prompts.items()}), places).upper
    return int(lower), min(int(upper), sum(call.computed_tokens for call in calls))


def _by_endpoint(calls: Sequence[CallRecord]) -> Iterator[tuple[list[int], list[str]]]:
    for endpoint in dict.fromkeys(call.endpoint for call in calls):
        own = [number for number, call in enumerate(calls) if call.endpoint == endpoint]
        yield own, [calls[number].agent for number in own]


def _places(room: Room, calls: int) -> int:
    """A disk counts as more slots; of what is fetched ahead, only first uses must miss: bounds, not always reached."""
    return room.slots + room.disk_slots if room.prefetch == "none" else calls
