"""Evictors that each break one promise, as a user's might."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable
from itertools import count
from typing import Any

import networkx as nx

from commissure.hal.eviction import Evictor, Moment, Resident


class Raises(Evictor):
    def priority(self, entry: Resident, now: Moment) -> float:
        return 1.0 / (now.step - entry.last_used)


class NeedsKnownAgents(Evictor):
    def __init__(self, graph: nx.DiGraph[str]) -> None:
        self._steps = dict(nx.all_pairs_shortest_path_length(graph))

    def priority(self, entry: Resident, now: Moment) -> float:
        return -float(self._steps[now.agent].get(entry.agent, 99))


class Mixed(Evictor):
    def priority(self, entry: Resident, now: Moment) -> Any:
        return None if entry.uses > 1 else entry.last_used


class NotANumber(Evictor):
    def priority(self, entry: Resident, now: Moment) -> Any:
        return (float("inf") * (now.step - entry.last_used), entry.last_used)


class Counts(Evictor):
    """Is LRU the first time that it is asked about an entry, MRU the next."""

    def __init__(self) -> None:
        self._asked: Counter[Hashable] = Counter()

    def for_cache(self, capacity: float) -> Evictor:
        return Counts()

    def priority(self, entry: Resident, now: Moment) -> int:
        self._asked[entry.key] += 1
        return entry.last_used if self._asked[entry.key] % 2 else -entry.last_used


class Ages(Evictor):
    lasting = True

    def priority(self, entry: Resident, now: Moment) -> float:
        return entry.uses / (now.step - entry.inserted + 1)


class Dice(Evictor):
    def __init__(self) -> None:
        self._chance = random.random()

    def priority(self, entry: Resident, now: Moment) -> float:
        return entry.last_used * float(self._chance - 0.5)


class Hashes(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        return hash(entry.key)


class Born(Evictor):
    """Every other one that is made is another."""

    _number = count()

    def __init__(self) -> None:
        self._sign = 1 - 2 * (next(self._number) % 2)

    def priority(self, entry: Resident, now: Moment) -> int:
        return self._sign * entry.last_used


class Remembers(Evictor):
    """LFU of all times, for all caches at once."""

    def __init__(self) -> None:
        self._uses: Counter[Hashable] = Counter()

    def entered(self, entry: Resident, now: Moment) -> None:
        self._uses[entry.key] += 1

    used = entered

    def priority(self, entry: Resident, now: Moment) -> tuple[int, int]:
        return self._uses[entry.key], entry.last_used


class Forgets(Remembers):
    """The same, and falls over what another cache has done."""

    def left(self, entry: Resident, now: Moment) -> None:
        self._uses.pop(entry.key)


class Relabels(Evictor):
    """Whoever is asked about, the one used last is to leave."""

    def __init__(self) -> None:
        self._last: Hashable = ""

    def entered(self, entry: Resident, now: Moment) -> None:
        self._last = entry.key

    used = entered

    def priority(self, entry: Resident, now: Moment) -> int:
        object.__setattr__(entry, "key", self._last)
        return 0


class Invents(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        object.__setattr__(entry, "key", "nobody")
        return 0


class Inflates(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        object.__setattr__(entry, "size", 2.0)
        return entry.last_used
