"""A cache of prefix blocks under any evictor: requests are paths from a root, and only leaves leave."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.policies.cache.traces.victims import Victims

_NOTHING = object()


class TreeCache:
    """Room for `capacity` blocks of one size and cost, each with all the blocks above it.

    A request uses the blocks of a path from a root, of which those resident at its start are hits: always the path's
    beginning. Who leaves is the first leaf by the evictor's priority that is not on the running path. Of a path longer
    than the capacity the part that fits counts, as in `theory.cache.paths.Paths.within`. Forced residency: that part is
    resident from then on. With `bypass` each block that comes competes with the leaf that would leave for it, by its
    own priority, and where it loses the rest of the path is served without places.

    Amortised O(log n) a block for a lasting evictor; any other is asked about every leaf each time that a block leaves.
    """

    def __init__(self, evictor: Evictor, capacity: int, *, bypass: bool = False) -> None:
        if capacity < 1:
            raise UsageError(f"a cache of blocks needs a capacity >= 1, not {capacity}")
        self.capacity = capacity
        self.residents: dict[Hashable, Resident] = {}
        self._parents: dict[Hashable, Hashable] = {}
        self._children: dict[Hashable, int] = {}
        # Without the end of the running path, whose other blocks have resident children.
        self._leaves: dict[Hashable, Resident] = {}
        self._bypass = bypass
        self._evictor = evictor.for_cache(capacity)
        self._victims = Victims(self._evictor)
        self._step = 0

    def use(self, path: Sequence[Hashable], agent: str = "") -> tuple[int, tuple[Hashable, ...]]:
        """Use the blocks of a path, root first: how many of them were resident, and what left for the others.

        A block's key tells its whole path, as a chained hash or a number of `Paths.of` does. Evictors hear of hits from
        the deepest to the root, of blocks that come from the root on, all with the request's number; without an `agent`
        each block that comes is an agent of its own. Raises UsageError for a key that has another parent now, or that
        is on the path twice.
        """
        path = path[: self.capacity]
        hits = self._resident_part(path)
        now = Moment(self._step, agent)
        self._step += 1
        self._evictor.asked(now)
        for key in reversed(path[:hits]):
            self._touch(key, now)
        end: Hashable = path[hits - 1] if hits else _NOTHING
        self._leaves.pop(end, None)
        left: list[Hashable] = []
        for depth in range(hits, len(path)):
            if not self._place(path[depth], end, depth, now, left):
                break
            end = path[depth]
        if path and end is not _NOTHING and not self._children[end]:
            self._add_leaf(end, now)
        return hits, tuple(left)

    def _resident_part(self, path: Sequence[Hashable]) -> int:
        """How many of the path's blocks are resident."""
        parent: Hashable = _NOTHING
        hits = 0
        for key in path:
            if key not in self.residents:
                break
            if self._parents[key] != parent:
                raise self._misplaced(key)
            parent = key
            hits += 1
        missed = path[hits:]
        if len(set(missed)) < len(missed) or not self.residents.keys().isdisjoint(missed):
            raise self._misplaced(next(key for key in missed if key in self.residents or missed.count(key) > 1))
        return hits

    @staticmethod
    def _misplaced(key: Hashable) -> UsageError:
        return UsageError(
            f"block {key!r} stands under two parents: a key must tell its whole path, as a chained hash does; "
            "theory.cache.paths.Paths.of numbers blocks so"
        )

    def _touch(self, key: Hashable, now: Moment) -> None:
        old = self.residents[key]
        sharers = old.sharers
        if now.agent and now.agent != old.agent and now.agent not in sharers:
            sharers = (*sharers, now.agent)
        # In place of `replace`, which takes longer than all else here.
        entry = Resident(old.agent, old.slot, old.inserted, now.step, old.uses + 1, key, old.size, old.cost, sharers)
        self.residents[key] = entry
        self._evictor.used(entry, now)

    def _place(self, key: Hashable, parent: Hashable, depth: int, now: Moment, left: list[Hashable]) -> bool:
        """Make the block resident below its parent; whether it found a place."""
        agent = now.agent or str(key)
        now = now if now.agent else Moment(now.step, agent)
        entry = Resident(agent, depth, now.step, now.step, 1, key)
        if len(self.residents) == self.capacity:
            victim = self._victims.pop(now, self._leaves, ())
            assert victim is not None, "a path that fits leaves a leaf to others while the cache is full"
            if self._bypass and self._evictor.priority(entry, now) < self._evictor.priority(victim, now):
                self._victims.add(victim, now)
                return False
            self._remove(victim, parent, now)
            left.append(victim.key)
        self.residents[key] = entry
        self._parents[key] = parent
        self._children[key] = 0
        if parent is not _NOTHING:
            self._children[parent] += 1
        self._evictor.entered(entry, now)
        return True

    def _remove(self, victim: Resident, end: Hashable, now: Moment) -> None:
        """The leaf leaves; what is above it may be a leaf then, unless it is the end of the running path."""
        del self.residents[victim.key], self._leaves[victim.key], self._children[victim.key]
        parent = self._parents.pop(victim.key)
        self._evictor.left(victim, now)
        if parent is not _NOTHING:
            self._children[parent] -= 1
            if not self._children[parent] and parent != end:
                self._add_leaf(parent, now)

    def _add_leaf(self, key: Hashable, now: Moment) -> None:
        entry = self._leaves[key] = self.residents[key]
        self._victims.add(entry, now)


def replay_paths(
    evictor: Evictor, requests: Iterable[Sequence[Hashable]], capacity: int, *, bypass: bool = False
) -> list[int]:
    """The hits of each request in a fresh cache. Raises UsageError as TreeCache does."""
    cache = TreeCache(evictor, capacity, bypass=bypass)
    return [cache.use(request)[0] for request in requests]
