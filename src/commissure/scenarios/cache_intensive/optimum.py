"""What no evictor can do better: the fewest misses of a run's calls, and the fewest prompt tokens computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from commissure.hal.journal import CallRecord
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


def least_tokens(calls: Sequence[CallRecord], room: Room, own_tokens: Mapping[str, int], turn_tokens: int) -> int:
    """A certified lower bound on the prompt tokens computed: each call's turn, and what misses cost at least.

    A miss of an agent costs at least `own_tokens`: those of its prompt's start that no other agent shares. The least
    cost is bounded by Belady's MIN, or by programs where the costs differ (theory.cache.bracket).
    """
    total = float(len(calls) * turn_tokens)
    for own, agents in _by_endpoint(calls):
        uses = Uses.of(agents, costs=own_tokens)
        total += bracket(uses, _places(room, len(own)), unit="prompt tokens").lower
    return int(total)


def _by_endpoint(calls: Sequence[CallRecord]) -> Iterator[tuple[list[int], list[str]]]:
    for endpoint in dict.fromkeys(call.endpoint for call in calls):
        own = [number for number, call in enumerate(calls) if call.endpoint == endpoint]
        yield own, [calls[number].agent for number in own]


def _places(room: Room, calls: int) -> int:
    """A disk counts as more slots; of what is fetched ahead, only first uses must miss: bounds, not always reached."""
    return room.slots + room.disk_slots if room.prefetch == "none" else calls
