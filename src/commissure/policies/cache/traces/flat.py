"""A cache of whole objects under any evictor: by the seam alone, with sizes and costs, forced or with bypass."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.policies.cache.traces.victims import Victims


@dataclass(frozen=True, slots=True)
class Use:
    """One use of an object: by whom, how much room it takes and what a miss of it costs.

    `workflow` and `others` are as in `Moment`.
    """

    key: Hashable
    agent: str = ""
    size: float = 1.0
    cost: float = 1.0
    workflow: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a sequence of uses: positions of the misses, what left at which position, the misses' cost."""

    uses: int
    missed: tuple[int, ...]
    evicted: tuple[tuple[int, Hashable], ...]
    cost: float

    @property
    def misses(self) -> int:
        """How many uses missed."""
        return len(self.missed)

    @property
    def hits(self) -> int:
        """How many did not."""
        return self.uses - len(self.missed)


class FlatCache:
    """Room for `capacity`, in the unit of the objects' sizes.

    Forced residency: what is used is resident from then on, as a prompt that runs in a slot must be. With `bypass` an
    object may be served without a place: it competes with the others by its own priority.
    """

    def __init__(self, evictor: Evictor, capacity: float, *, bypass: bool = False) -> None:
        if not capacity > 0:
            raise UsageError(f"a cache needs a capacity above 0, not {capacity!r}")
        self.capacity = capacity
        self.residents: dict[Hashable, Resident] = {}
        self.room = float(capacity)
        self._bypass = bypass
        self._evictor = evictor.for_cache(capacity)
        self._victims = Victims(self._evictor)
        self._step = 0

    def use(self, use: Use) -> tuple[bool, tuple[Hashable, ...]]:
        """Use an object: whether it was resident, and what left for it. Raises UsageError if it can never fit."""
        now = Moment(self._step, use.agent or str(use.key), use.workflow, use.others, use.key)
        self._step += 1
        self._evictor.asked(now)
        before = self.residents.get(use.key)
        if before is not None:
            entry = self.residents[use.key] = replace(before, last_used=now.step, uses=before.uses + 1)
            self._evictor.used(entry, now)
            self._victims.add(entry, now)
            return True, ()
        if use.size > self.capacity and not self._bypass:
            raise UsageError(f"{use.key!r} has size {use.size:g}, more than the whole cache: {self.capacity:g}")
        entry = Resident(now.agent, 0, now.step, now.step, 1, use.key, use.size, use.cost)
        leaving = self._leaving(entry, now)
        if leaving is None:
            return False, ()
        for victim in leaving:
            del self.residents[victim.key]
            self.room += victim.size
            self._evictor.left(victim, now)
        self.residents[use.key] = entry
        self.room -= use.size
        self._evictor.entered(entry, now)
        self._victims.add(entry, now)
        return False, tuple(victim.key for victim in leaving)

    def _leaving(self, entry: Resident, now: Moment) -> list[Resident] | None:
        """Who must leave for the entry; None if it is the entry itself that finds no place."""
        leaving: list[Resident] = []
        room = self.room
        while room < entry.size:
            victim = self._victims.pop(now, self.residents, leaving) if len(leaving) < len(self.residents) else None
            if victim is None or (
                self._bypass and self._evictor.priority(entry, now) < self._evictor.priority(victim, now)
            ):
                for one in (*leaving, *([victim] if victim else ())):
                    self._victims.add(one, now)
                return None
            leaving.append(victim)
            room += victim.size
        return leaving


def replay(evictor: Evictor, uses: Iterable[Use], capacity: float, *, bypass: bool = False) -> Outcome:
    """Run a sequence of uses through a fresh cache. Raises UsageError as FlatCache does."""
    cache = FlatCache(evictor, capacity, bypass=bypass)
    missed, evicted, cost, count = [], [], 0.0, 0
    for position, use in enumerate(uses):
        hit, left = cache.use(use)
        count += 1
        if not hit:
            missed.append(position)
            cost += use.cost
            evicted += [(position, key) for key in left]
    return Outcome(count, tuple(missed), tuple(evicted), cost)


def uses_of(keys: Sequence[Hashable]) -> list[Use]:
    """Uses of objects of one size and cost; each is its own agent."""
    return [Use(key, str(key)) for key in keys]
