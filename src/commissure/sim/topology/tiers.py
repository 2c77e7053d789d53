"""KV memory below the chip's own: what is evicted there goes down, what is asked for again comes up.

Bandwidths and latencies are the fleet's; each tier moves blocks over one channel, first come, first served, in both
directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import simpy

from commissure.hal.eviction import Evictor, Moment
from commissure.hal.profiles.serving import Tier
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.scored import ScoredCache
from commissure.sim.topology.store import ScoredStore, Store

# A unit, and the tier from which it comes; none if it is on its way already.
Found = tuple[Store | None, int]


class Tiered:
    """An engine whose evicted prefixes go to slower memory, from which a later call loads them before it is admitted.

    A call loads what it finds only where that is sooner than to compute it: `token_s` a token. What is loaded stays
    below too. A unit takes `kv_bytes_per_token` for each of its tokens; the constant state of layers that see a window
    only, which the end of a prefix needs and not each of its units, is left out.
    """

    def __init__(
        self,
        env: simpy.Environment,
        engine: Engine,
        tiers: Sequence[Tier],
        kv_bytes_per_token: float,
        token_s: float,
        evictor: Evictor | None = None,
    ) -> None:
        self.loaded_tokens = 0
        self._engine = engine
        self._cache = cache = engine.memory.cache
        self._unit_bytes = size = kv_bytes_per_token * cache.unit_tokens
        self._unit_s = token_s * cache.unit_tokens
        self._env = env
        self._loading: dict[Job, simpy.Event] = {}
        # When what was fetched ahead arrives.
        self._coming: dict[int, float] = {}
        self._lives = 0
        self.stores: tuple[Store, ...]
        if evictor is not None and isinstance(cache, ScoredCache):
            stores = [ScoredStore(env, tier, size, cache, evictor) for tier in tiers]
            self.stores = tuple(stores)
            cache.heard = _all([store.evictor for store in stores if store.evictor is not evictor])
        else:
            self.stores = tuple(Store(env, tier, size) for tier in tiers)
        cache.evicted = self._demote

    @property
    def busy_s(self) -> float:
        """Seconds in which the engine worked."""
        return self._engine.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now; it waits for what it loads."""
        if job.hashes:
            job.ready_from = job.ready_tokens = 0  # what an earlier try loaded may be gone
        first, found = self.found(job)
        if not found:
            self._engine.submit(job)
            return
        unit = self._cache.unit_tokens
        job.ready_from, job.ready_tokens = first * unit, (first + len(found)) * unit
        self.loaded_tokens += sum(unit for store, _ in found if store is not None)
        loaded = self._loading[job] = simpy.Timeout(self._env, self._load(found), job)
        loaded.callbacks.append(self._loaded)

    def cancel(self, job: Job) -> None:
        """Drop a job."""
        if job in self._loading:
            del self._loading[job]
        else:
            self._engine.cancel(job)

    def slow(self, factor: float) -> None:
        """The engine slows down."""
        self._engine.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job, and what the chip held; the tiers keep theirs."""
        lost = [*self._engine.evacuate(), *self._loading]
        self._loading.clear()
        self._coming.clear()
        self._lives += 1
        return lost

    def found(self, job: Job) -> tuple[int, list[Found]]:
        """How many units the chip holds, and where those stand that the job would load behind them."""
        hashes, cache = job.hashes, self._cache
        most = min(len(hashes), (job.todo - 1) // cache.unit_tokens)
        first = cache.match(hashes, most)
        found = self._below(hashes[first:most])
        return (first, found) if found and self.wait_s(found) < len(found) * self._unit_s else (first, [])

    def wait_s(self, found: Sequence[Found]) -> float:
        """How long units would be on their way, were they asked for now."""
        sizes = self._sizes(found)
        return max([self._rest_s(found), *(store.channel.wait_s(size) for store, size in sizes.items())])

    def fetch(self, units: Sequence[int], agent: str) -> simpy.Event | None:
        """Load ahead what stands below of an agent's prompt, behind what the chip holds of it.

        Returns an event of when it is there, None if nothing is to be had. What does not beat the idle units of the
        chip then is not kept.
        """
        first = self._cache.match(units, len(units))
        found = self._below(units[first:])
        if not found:
            return None
        wait_s = self._load(found)
        fresh = [unit for store, unit in found if store is not None]
        for unit in fresh:
            self._coming[unit] = self._env.now + wait_s
        self.loaded_tokens += len(fresh) * self._cache.unit_tokens
        there = simpy.Timeout(self._env, wait_s, (self._lives, units[: first + len(found)], fresh, agent))
        there.callbacks.append(self._land)
        return there

    def _below(self, units: Sequence[int]) -> list[Found]:
        """Where those units stand that follow without a gap."""
        found: list[Found] = []
        for unit in units:
            store = next((store for store in self.stores if unit in store.held), None)
            if unit in self._coming:
                found.append((None, unit))
            elif store is not None:
                found.append((store, unit))
            else:
                break
        return found

    def _rest_s(self, found: Sequence[Found]) -> float:
        """How long what is on its way still needs."""
        if not self._coming:
            return 0.0
        return max((self._coming[unit] - self._env.now for store, unit in found if store is None), default=0.0)

    def _sizes(self, found: Sequence[Found]) -> dict[Store, float]:
        sizes: dict[Store, float] = {}
        for store, _ in found:
            if store is not None:
                sizes[store] = sizes.get(store, 0.0) + self._unit_bytes
        return sizes

    def _load(self, found: Sequence[Found]) -> float:
        """Book the transfers; returns the seconds until the last is there."""
        for store, unit in found:
            if store is not None:
                store.touch(unit)
        sizes = self._sizes(found)
        return max([self._rest_s(found), *(store.channel.send(size) for store, size in sizes.items())])

    def _loaded(self, event: simpy.Event) -> None:
        job = event._value
        if self._loading.get(job) is event:
            del self._loading[job]
            self._engine.submit(job)

    def _land(self, event: simpy.Event) -> None:
        """What was fetched is kept, unused, up to the first gap, as far as it beats what is idle here."""
        life, units, fresh, agent = event._value
        if life != self._lives:
            return
        arrived = set(fresh)
        for unit in fresh:
            self._coming.pop(unit, None)
        whole = 0
        while whole < len(units) and (units[whole] in arrived or self._cache.match((units[whole],), 1)):
            whole += 1
        self._cache.land(units[:whole], agent)
        self._engine.memory.trim(self._engine.batch.step)

    def _demote(self, unit: int) -> None:
        """A unit leaves the chip for the first tier that takes it; what leaves there goes further down."""
        leaving: int | None = unit
        for store in self.stores:
            if leaving is None:
                return
            if store.full or not store.capacity:
                continue
            leaving = store.put(leaving)
        gone = leaving is not None and not any(leaving in store.held for store in self.stores)
        if leaving is not None and gone and isinstance(self._cache, ScoredCache):
            self._cache.lost(leaving)


def _all(evictors: Sequence[Evictor]) -> Callable[[Moment], None]:
    """Tell each evictor that a use begins; what remembers nothing is the cache's own, which hears it there."""

    def heard(now: Moment) -> None:
        for evictor in evictors:
            evictor.asked(now)

    return heard
