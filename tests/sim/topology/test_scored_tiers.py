"""Tiers under an evictor: who goes down, who is not even written, what is remembered of whom."""

from collections.abc import Callable
from functools import partial
from typing import Any

import networkx as nx
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.hal.profiles.serving import EngineSettings, Tier
from commissure.policies.cache import build_evictor
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.scored import ScoredCache
from commissure.sim.topology.store import ScoredStore
from commissure.sim.topology.tiers import Tiered
from tests.support.engines import ZERO
from tests.support.servers import UNIT, Desk, engine

KV_BYTES, UNIT_GB = 1e9, 4
CHIP_UNITS = 4


def tier(name: Any, units: int, gb_per_s: float = 4.0) -> Tier:
    return Tier(name=name, gb=units * UNIT_GB, gb_per_s=gb_per_s)


class Bench:
    """A chip of four units under an evictor, over tiers that take a second a unit; a token takes two, a step one."""

    def __init__(self, evictor: Evictor, *tiers: Tier, units: int = CHIP_UNITS) -> None:
        self.env = simpy.Environment()
        chosen = EngineSettings(max_num_seqs=8, max_batched_tokens=64, block_tokens=UNIT)
        self.cache = ScoredCache(units, UNIT, UNIT, evictor)
        self.engine = Engine(self.env, StepCost(ZERO | {"fixed_s": 1.0}, chosen), chosen, self.cache)
        self.server = Tiered(self.env, self.engine, tiers, KV_BYTES, 2.0, evictor)
        self.desk = Desk(self.env)

    def send(self, at_s: float, agent: str, *hashes: int, ahead: bool = False) -> Job:
        job = Job(len(hashes) * UNIT + (not ahead), 1, hashes)
        job.tag, job.ahead = agent, ahead
        return self.desk.send(at_s, self.server, job)

    def held(self) -> list[list[int]]:
        return [list(store.held) for store in self.server.stores]

    def moved_units(self) -> list[float]:
        return [store.channel.moved_bytes / (UNIT_GB * 1e9) for store in self.server.stores]


class Worth(Evictor):
    """What an agent is worth by its name's place in the alphabet: z is worth most."""

    def priority(self, entry: Resident, now: Moment) -> tuple[str, int]:
        return entry.agent, entry.last_used


def test_a_unit_is_remembered_on_its_way_down_and_up() -> None:
    bench = Bench(Worth(), tier("dram", 9))
    bench.send(0, "a", 1, 2)
    bench.send(10, "a", 1, 2)
    bench.send(20, "z", 11, 12, 13)  # with the last token all four units
    bench.desk.at(30, lambda: seen.append(bench.cache.entry(2)))
    seen: list[Resident] = []
    bench.send(40, "b", 1, 2)
    bench.desk.run()
    assert seen == [Resident("a", 1, 1, 2, 2, 2)]
    assert bench.cache.entry(2) == Resident("a", 1, 4, 4, 3, 2, sharers=("b",))


def test_what_would_leave_first_is_not_written() -> None:
    bench = Bench(Worth(), tier("dram", 2), tier("ssd", 9))
    bench.send(0, "y", 1, 2)
    bench.send(10, "z", 11, 12, 13)
    bench.send(20, "b", 21, 22)
    bench.send(30, "c", 31, 32)
    bench.desk.run()
    # 1 and 2 fill dram until 12 and 13 push them down; 21 and 22 would be the first to leave there, and pass by.
    assert bench.held() == [[13, 12], [2, 1, 22, 21]]
    assert bench.moved_units() == [4, 4]


def test_what_is_worth_more_pushes_down_what_is_worth_less() -> None:
    bench = Bench(Worth(), tier("dram", 2), tier("ssd", 9))
    for number, agent in enumerate("abxyz"):
        bench.send(10 * number, agent, *range(10 * number, 10 * number + 3))
    bench.desk.run()
    assert [{bench.cache.entry(unit).agent for unit in held} for held in bench.held()] == [{"y"}, {"a", "b", "x", "y"}]


def test_a_prefix_does_not_leave_a_tier_before_what_builds_on_it() -> None:
    class Deep(Evictor):
        def priority(self, entry: Resident, now: Moment) -> int:
            return entry.slot

    bench = Bench(Deep(), tier("dram", 2))
    bench.send(0, "a", 1, 2, 3)
    bench.send(10, "b", 11, 12, 13)
    bench.desk.run()
    held = set(bench.held()[0])
    # By depth alone 1 would leave first, and leave 2 and 3 of no use.
    assert held in ({1, 2}, {2, 3})
    assert not (3 in held and 2 not in held)


def test_a_chip_that_dies_forgets_what_it_learned_and_the_tiers_do_not() -> None:
    made: list[float] = []

    class Learns(Worth):
        def for_cache(self, capacity: float) -> Evictor:
            made.append(capacity)
            return Learns()

    bench = Bench(Learns(), tier("dram", 2))
    assert made == [CHIP_UNITS, 2]
    bench.send(0, "a", 1, 2)
    bench.send(10, "z", 11, 12, 13)
    bench.desk.lose(20, bench.server)
    job = bench.send(30, "a", 1, 2)
    bench.desk.run()
    assert made == [CHIP_UNITS, 2, CHIP_UNITS]
    assert job.cached == 8


def test_a_prompt_ahead_is_no_use() -> None:
    asked: list[str] = []

    class Hears(Worth):
        def asked(self, now: Moment) -> None:
            asked.append(now.agent)

    bench = Bench(Hears())
    bench.send(0, "a", 1, ahead=True)
    bench.desk.at(5, lambda: seen.append(bench.cache.entry(1)))
    seen: list[Resident] = []
    bench.send(10, "b", 1)
    bench.desk.run()
    assert asked == ["b"]
    assert seen == [Resident("a", 0, 0, 0, 0, 1)]
    assert bench.cache.entry(1) == Resident("a", 0, 0, 1, 1, 1, sharers=("b",))


def loop(name: str, *tiers: Tier) -> tuple[float, int]:
    """Six agents of two units in turn over a chip for four of them: seconds that they wait, tokens that they load."""
    agents = "abcdef"
    graph: nx.DiGraph[str] = nx.DiGraph(zip(agents, "bcdefa", strict=True))
    bench = Bench(build_evictor(name, Plan(graph)), *tiers, units=9)
    jobs = [
        bench.send(100 * number, agent, *(10 * agents.index(agent) + depth for depth in range(2)))
        for number, agent in enumerate(agents * 5)
    ]
    bench.desk.run()
    waited_s = sum(job.started_s - 100 * number for number, job in enumerate(jobs))
    return waited_s + sum(2 * (8 - job.cached) for job in jobs), bench.server.loaded_tokens


def test_a_plan_helps_in_every_tier() -> None:
    """With room for one more prompt below, LRU finds nothing there; by the graph every tier keeps what comes next."""
    alone, below = {}, {}
    for name in ("lru", "topology"):
        alone[name], _ = loop(name)
        below[name], loaded = loop(name, tier("dram", 2, 40.0))
        assert (loaded > 0) == (name == "topology")
    assert alone["topology"] < alone["lru"]
    assert below["topology"] < alone["topology"]
    assert below["lru"] == alone["lru"]


@settings(derandomize=True, deadline=None)
@given(st.text("abcdef", min_size=1, max_size=40), st.integers(1, 9), st.integers(1, 9))
def test_lru_as_an_evictor_finds_what_lru_finds(agents: str, dram: int, ssd: int) -> None:
    """Prompts of one length that share nothing, on tiers so fast that their channels decide nothing."""
    tiers = tier("dram", 2 * dram, 1e6), tier("ssd", 2 * ssd, 1e6)
    cached = []
    for kind in ("evictor", "default"):
        bench = Bench(build_evictor("lru", Plan()), *tiers, units=7)
        if kind == "default":
            bench.engine = engine(bench.env, 7)
            bench.server = Tiered(bench.env, bench.engine, tiers, KV_BYTES, 2.0)
        jobs = [
            bench.send(100 * number, agent, *(10 * ord(agent) + depth for depth in range(2)))
            for number, agent in enumerate(agents)
        ]
        bench.desk.run()
        cached.append([job.cached for job in jobs])
    # Copies of what the chip has too take the default's room below: it can find less there, never more.
    assert sum(cached[0]) >= sum(cached[1])


CALLS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("abc"), st.integers(1, 4), st.booleans()), min_size=1, max_size=25
)
EVICTORS: list[Callable[[], Evictor]] = [
    Worth,
    lambda: build_evictor("lru", Plan()),
    lambda: build_evictor("mru", Plan()),
    lambda: build_evictor("topology-stochastic", Plan(nx.DiGraph([("a", "b"), ("b", "c"), ("b", "a"), ("c", "a")]))),
]


@settings(derandomize=True, deadline=None)
@given(CALLS, st.integers(1, 5), st.integers(1, 5), st.sampled_from(EVICTORS), st.booleans())
def test_room_holds_every_call_ends_and_nothing_is_remembered_that_is_gone(
    calls: list[tuple[int, str, int, bool]], places: int, below: int, evictor: Callable[[], Evictor], full: bool
) -> None:
    bench = Bench(evictor(), tier("dram", places), tier("ssd", below), units=5)
    bench.server.stores[1].full = full
    at_s = 0.0
    jobs = []
    for gap_s, agent, depth, fetched in calls:
        at_s += gap_s
        units = [ord(agent) * 10 + number for number in range(depth)]
        if fetched:
            bench.desk.at(at_s, partial(bench.server.fetch, units, agent))
        else:
            jobs.append(bench.send(at_s, agent, *units))
    while bench.env.peek() < float("inf"):
        bench.env.step()
        stores = bench.server.stores
        assert all(len(store.held) <= store.capacity for store in stores)
        assert set(bench.cache.below) == {unit for store in stores for unit in store.held}
        for store in stores:
            assert isinstance(store, ScoredStore)
            built = [bench.cache.parent(unit) for unit in store.held]
            assert store._children == {unit: built.count(unit) for unit in built if unit is not None}
        assert bench.cache.used <= bench.cache.capacity
    assert sorted(map(id, bench.desk.ended)) == sorted(map(id, jobs))
    assert all(job.error is None and 0 <= job.cached < job.prompt for job in jobs)
    assert not bench.server._coming
    assert bench.cache.used == 0


@pytest.mark.parametrize("at_s", [50.5, 51.0, 53.0])
def test_what_is_fetched_ahead_is_waited_for_only_as_long_as_it_still_needs(at_s: float) -> None:
    """Two units, one second each; the call comes during or after their journey from 50 to 52."""
    bench = Bench(build_evictor("lru", Plan()), tier("dram", 9))
    bench.send(0, "a", 1, 2)
    bench.send(10, "b", 11, 12, 13)
    bench.desk.at(50, lambda: bench.server.fetch([1, 2], "a"))
    job = bench.send(at_s, "a", 1, 2)
    bench.desk.run()
    assert job.cached == 8
    assert job.started_s == max(52, at_s)
    assert bench.server.loaded_tokens == 8


def test_what_is_fetched_for_nothing_costs_its_journey_and_what_it_displaces() -> None:
    def wait_s(fetched: bool) -> tuple[float, float]:
        bench = Bench(build_evictor("lru", Plan()), tier("dram", 9))
        bench.send(0, "a", 1, 2)
        bench.send(10, "b", 11, 12, 13)
        bench.send(20, "a", 1, 2)
        if fetched:
            bench.desk.at(30, lambda: bench.server.fetch([11, 12, 13], "b"))
        job = bench.send(40, "a", 1, 2)
        bench.desk.run()
        return job.started_s - 40, bench.moved_units()[0]

    assert wait_s(True)[0] > wait_s(False)[0] == 0
    assert wait_s(True)[1] > wait_s(False)[1]
