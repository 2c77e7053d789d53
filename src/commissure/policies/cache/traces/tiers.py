"""A cache of whole objects in several tiers, each with its room and the cost of a fetch, under one evictor."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.policies.cache.traces.flat import Use
from commissure.policies.cache.traces.victims import Victims


@dataclass(frozen=True, slots=True)
class Level:
    """One tier: its room in the unit of the objects' sizes, and how fast they come from it, in the unit of their cost.

    The first tier is where objects are used: nothing is fetched from it, so it has neither rate nor latency.
    """

    capacity: float
    size_per_s: float = float("inf")
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        if not (self.capacity > 0 and self.size_per_s > 0 and self.latency_s >= 0):
            raise UsageError(f"a tier needs a capacity and a rate above 0 and a latency from 0 on, not {self}")

    def fetch_s(self, size: float, slack_s: float = 0.0) -> float:
        """The wait for an object of which `slack_s` is hidden, because it was asked for so much earlier."""
        return max(0.0, size / self.size_per_s + self.latency_s - slack_s)


@dataclass(frozen=True, slots=True)
class TieredOutcome:
    """What became of a sequence of uses: hits by tier, misses, the cost of all, and what size was written down."""

    hits: tuple[int, ...]
    misses: int
    cost: float
    demoted: float


class TieredCache:
    """Each object stands in one tier at most. What is used moves to the first tier, forced; what makes room there goes
    to the next where it beats the one that would leave first, or is lost.

    A use of what stands in tier k costs its fetch, or the use's own cost where that is less; both move the object up.
    Moves take no time: up just before a use, down just after another object's. As an object may go down while it waits,
    a program in which each waits in one tier from use to use is no lower bound for this cache; one in which it may sink
    is. Raises UsageError without a tier.
    """

    def __init__(self, evictor: Evictor, levels: Sequence[Level]) -> None:
        if not levels:
            raise UsageError("a cache of tiers needs at least one tier")
        if levels[0] != Level(levels[0].capacity):
            raise UsageError(
                f"the first tier is where objects are used: it has neither rate nor latency, not {levels[0]}"
            )
        self.levels = tuple(levels)
        self.residents: tuple[dict[Hashable, Resident], ...] = tuple({} for _ in levels)
        self.demoted = 0.0
        self._room = [float(level.capacity) for level in levels]
        self._evictor = evictor.for_cache(sum(level.capacity for level in levels))
        self._victims = [Victims(self._evictor) for _ in levels]
        self._step = 0

    def use(self, use: Use, slack_s: float = 0.0) -> tuple[int | None, float]:
        """Use an object: the tier that had it, None if it was computed, and the cost. Raises UsageError."""
        now = Moment(self._step, use.agent or str(use.key), use.workflow, use.others, use.key)
        self._step += 1
        self._evictor.asked(now)
        if use.size > self.levels[0].capacity:
            raise UsageError(
                f"{use.key!r} has size {use.size:g}, more than the first tier: {self.levels[0].capacity:g}"
            )
        level = next((number for number, held in enumerate(self.residents) if use.key in held), None)
        if level is None:
            entry = Resident(now.agent, 0, now.step, now.step, 1, use.key, use.size, use.cost)
            self._evictor.entered(entry, now)
        else:
            before = self._taken(level, use.key)
            entry = replace(before, last_used=now.step, uses=before.uses + 1)
            self._evictor.used(entry, now)
        self._enter(0, entry, self._leaving(0, entry, now) or [], now)
        if not level:
            return level, use.cost if level is None else 0.0
        fetch_s = self.levels[level].fetch_s(use.size, slack_s)
        return (level, fetch_s) if fetch_s < use.cost else (None, use.cost)

    def _taken(self, level: int, key: Hashable) -> Resident:
        entry = self.residents[level].pop(key)
        self._room[level] += entry.size
        return entry

    def _enter(self, level: int, entry: Resident, leaving: Sequence[Resident], now: Moment) -> None:
        for one in leaving:
            self._taken(level, one.key)
        self.residents[level][entry.key] = entry
        self._room[level] -= entry.size
        self._victims[level].add(entry, now)
        for one in leaving:
            self._down(level + 1, one, now)

    def _down(self, first: int, entry: Resident, now: Moment) -> None:
        """An object leaves the tier above `first`: into the first below that it can enter, else out."""
        for level in range(first, len(self.levels)):
            leaving = self._leaving(level, entry, now)
            if leaving is not None:
                self.demoted += entry.size
                self._enter(level, entry, leaving, now)
                return
        self._evictor.left(entry, now)

    def _leaving(self, level: int, entry: Resident, now: Moment) -> list[Resident] | None:
        """Who must leave a tier for the entry; None if the entry itself is the first to leave, below tier 0."""
        held, victims = self.residents[level], self._victims[level]
        leaving: list[Resident] = []
        room = self._room[level]
        while room < entry.size:
            victim = victims.pop(now, held, leaving) if len(leaving) < len(held) else None
            beaten = victim is not None and (
                not level or self._evictor.priority(victim, now) <= self._evictor.priority(entry, now)
            )
            if victim is None or not beaten:
                for one in (*leaving, *([victim] if victim else ())):
                    victims.add(one, now)
                return None
            leaving.append(victim)
            room += victim.size
        return leaving


def replay(
    evictor: Evictor, uses: Iterable[Use], levels: Sequence[Level], slack_s: float | Sequence[float] = 0.0
) -> TieredOutcome:
    """Run a sequence of uses through fresh tiers; `slack_s` is of each use, or of all.

    Raises UsageError as TieredCache does.
    """
    cache = TieredCache(evictor, levels)
    hits, misses, total = [0] * len(levels), 0, 0.0
    for use, slack in zip(uses, repeat(slack_s) if isinstance(slack_s, (int, float)) else slack_s, strict=False):
        level, cost = cache.use(use, slack)
        total += cost
        if level is None:
            misses += 1
        else:
            hits[level] += 1
    return TieredOutcome(tuple(hits), misses, total, cache.demoted)
