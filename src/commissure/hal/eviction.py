"""The seam of KV caches: what a cache holds, when a decision is taken, who leaves, and who is fetched ahead."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from commissure.hal.errors import CommissureError, UsageError

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Resident:
    """A prefix that a cache holds: an agent's prompt in a KV slot, or a block of a prefix tree.

    `slot` is its slot, or its depth in the tree. `inserted` and `last_used` are numbers of uses, as `Moment.step` is.
    `key` tells it from all others of the cache. `size` is the room that it takes, in units of the cache's capacity, and
    `cost` what computing it anew costs, in any one unit. `sharers` are agents besides `agent` who use it too.
    """

    agent: str
    slot: int
    inserted: int
    last_used: int
    uses: int
    key: Hashable = ""
    size: float = 1.0
    cost: float = 1.0
    sharers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """When a decision is taken: the number of the use, and the agent that makes it, by its node in the workflow graph.

    `workflow` names the agent's workflow where several share the cache; `others` are the nodes at which those others
    stand, each having made its call there. `key` is what is used, where that is one entry.
    """

    step: int
    agent: str
    workflow: str = ""
    others: tuple[str, ...] = ()
    key: Hashable = None


class Evictor(ABC):
    """Which resident prefix leaves when room is needed.

    `priority` is pure: asked twice at one moment it says the same. An evictor that remembers more than a `Resident`
    tells is made anew for each cache (`for_cache`) and hears what happens there (`asked`, `entered`, `used`, `left`).
    """

    # Whether an entry's priority changes only when that entry is used: then a cache need not ask for all of them anew.
    lasting: ClassVar[bool] = False

    @abstractmethod
    def priority(self, entry: Resident, now: Moment) -> Any:
        """A sortable key; the entry with the smallest leaves first."""

    def for_cache(self, capacity: float) -> Evictor:
        """The evictor of one cache of that capacity; itself where it remembers nothing."""
        return self

    def asked(self, now: Moment) -> None:
        """A use begins; nothing is decided yet."""

    def entered(self, entry: Resident, now: Moment) -> None:
        """The entry was missed and is resident from now on."""

    def used(self, entry: Resident, now: Moment) -> None:
        """The entry was used while resident."""

    def left(self, entry: Resident, now: Moment) -> None:
        """The entry has left to make room."""


def first_to_leave(evictor: Evictor, entries: Iterable[Resident], now: Moment) -> Resident | None:
    """The entry with the smallest priority, None of none. Raises UsageError where the evictor cannot say."""
    with told_of(evictor):
        return min(entries, key=lambda entry: evictor.priority(entry, now), default=None)


@contextmanager
def told_of(evictor: Evictor) -> Iterator[None]:
    """What goes wrong inside while the evictor is asked, or its keys are sorted, is a UsageError that names it."""
    try:
        yield
    except CommissureError:
        raise
    except TypeError as error:
        name = type(evictor).__name__
        raise UsageError(f"{name}.priority() must give keys that sort among each other: {error}") from error
    except Exception as error:
        name = type(evictor).__name__
        raise UsageError(f"{name}.priority() failed: {type(error).__name__}: {error}; try: commissure check") from error


class Prefetcher(ABC):
    """Which prefixes are brought into a cache before they are asked for. `wanted` is pure, as `Evictor.priority` is."""

    @abstractmethod
    def wanted(self, absent: Sequence[Resident], now: Moment) -> Sequence[Resident]:
        """Those of the entries known but not resident that are fetched after this use, the most urgent first."""

    def for_cache(self, capacity: float) -> Prefetcher:
        """The prefetcher of one cache of that capacity; itself where it remembers nothing."""
        return self

    def asked(self, now: Moment) -> None:
        """A use begins."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known before a run, of which an evictor is built.

    `graph` is the workflow: its nodes are agents, or calls of the agent that the node attribute `agent` names. An edge
    leads to who may call next, with the attribute `probability` (default: all alike; what a node's leave to 1 ends the
    workflow); the node attribute `duration_s` is how long its call and its tool take. `uses` are the keys in the order
    of their use, which only an offline policy may read.
    """

    graph: nx.DiGraph[str] | None = None
    seed: int = 0
    uses: tuple[Hashable, ...] = ()

    def need_graph(self, policy: str) -> nx.DiGraph[str]:
        """The graph. Raises UsageError if there is none."""
        if self.graph is None or not len(self.graph):
            raise UsageError(f"policy {policy!r} needs a workflow's graph, which is not known here")
        return self.graph

    def need_uses(self, policy: str) -> tuple[Hashable, ...]:
        """The uses. Raises UsageError if there are none."""
        if not self.uses:
            raise UsageError(f"policy {policy!r} knows the future: give it the uses, Plan(uses=...)")
        return self.uses
