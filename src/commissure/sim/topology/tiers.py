"""KV memory below the chip's own: what is evicted there goes down, what is asked for again comes up.

Bandwidths and latencies are the fleet's; each tier moves blocks over one channel, first come, first served, in both
directions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import simpy

from commissure.hal.profiles.serving import Tier
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.topology.channel import Channel


class Store:
    """One tier: units by least recent use, each of `unit_bytes`."""

    def __init__(self, env: simpy.Environment, tier: Tier, unit_bytes: float) -> None:
        self.name = tier.name
        self.capacity = int(tier.gb * 1e9 / unit_bytes)
        self.channel = Channel(env, tier.gb_per_s * 1e9, tier.latency_s)
        self.held: OrderedDict[int, None] = OrderedDict()
        self.full = False

    def put(self, unit: int) -> int | None:
        """Take a unit in; returns the one that has to leave for it, if any."""
        self.held[unit] = None
        self.held.move_to_end(unit)
        return self.held.popitem(last=False)[0] if len(self.held) > self.capacity else None


class Tiered:
    """An engine whose evicted prefixes go to slower memory, from which a later call loads them before it is admitted.

    A call loads what it finds only where that is sooner than to compute it: `token_s` a token.
    """

    def __init__(
        self, env: simpy.Environment, engine: Engine, tiers: Sequence[Tier], kv_bytes_per_token: float, token_s: float
    ) -> None:
        self.loaded_tokens = 0
        self._engine = engine
        self._cache = engine.memory.cache
        self._unit_bytes = kv_bytes_per_token * self._cache.unit_tokens
        self._unit_s = token_s * self._cache.unit_tokens
        self.stores = tuple(Store(env, tier, self._unit_bytes) for tier in tiers)
        self._env = env
        self._loading: dict[Job, simpy.Event] = {}
        self._cache.evicted = self._demote

    @property
    def busy_s(self) -> float:
        """Seconds in which the engine worked."""
        return self._engine.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now; it waits for what it loads."""
        if job.hashes:
            job.ready_from = job.ready_tokens = 0  # what an earlier try loaded may be gone
        first, found = self._find(job)
        if not found:
            self._engine.submit(job)
            return
        unit = self._cache.unit_tokens
        job.ready_from, job.ready_tokens = first * unit, (first + len(found)) * unit
        self.loaded_tokens += len(found) * unit
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
        return lost

    def _find(self, job: Job) -> tuple[int, list[tuple[Store, int]]]:
        """How many units the chip holds, and where those stand that follow them without a gap."""
        hashes, cache = job.hashes, self._cache
        most = min(len(hashes), (job.todo - 1) // cache.unit_tokens)
        first = cache.match(hashes, most)
        found: list[tuple[Store, int]] = []
        for unit in hashes[first:most]:
            store = next((store for store in self.stores if unit in store.held), None)
            if store is None:
                break
            found.append((store, unit))
        return (first, found) if found and self._wait_s(found) < len(found) * self._unit_s else (first, [])

    def _wait_s(self, found: list[tuple[Store, int]]) -> float:
        sizes = {store: self._unit_bytes * sum(one is store for one, _ in found) for store, _ in found}
        return max(store.channel.wait_s(size) for store, size in sizes.items())

    def _load(self, found: list[tuple[Store, int]]) -> float:
        """Book the transfers; returns the seconds until the last is there."""
        sizes: dict[Store, float] = {}
        for store, unit in found:
            store.held.move_to_end(unit)
            sizes[store] = sizes.get(store, 0.0) + self._unit_bytes
        return max(store.channel.send(size) for store, size in sizes.items())

    def _loaded(self, event: simpy.Event) -> None:
        job = event._value
        if self._loading.get(job) is event:
            del self._loading[job]
            self._engine.submit(job)

    def _demote(self, unit: int) -> None:
        """A unit leaves the chip for the first tier that takes it; what leaves there goes further down."""
        leaving: int | None = unit
        for store in self.stores:
            if leaving is None:
                return
            if store.full or not store.capacity:
                continue
            if leaving not in store.held:
                store.channel.send(self._unit_bytes)
            leaving = store.put(leaving)
