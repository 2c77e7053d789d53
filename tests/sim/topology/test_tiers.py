"""Memory below the chip's: what goes down and comes up, in what order, and how long that takes."""

from collections import OrderedDict
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.profiles.serving import Tier
from commissure.sim.engine.job import Job
from commissure.sim.topology.store import Store
from commissure.sim.topology.tiers import Tiered
from tests.support.servers import UNIT, Desk, engine

# A token's state is a GB, so a unit is 4 GB: one second each way at 4 GB/s.
KV_BYTES, UNIT_GB = 1e9, 4
SLOW_CHIP_S, FAST_CHIP_S = 2.0, 0.1  # seconds a token, where one of a tier takes a quarter


def tier(name: Any, units: int, gb_per_s: float = 4.0, latency_s: float = 0.0) -> Tier:
    return Tier(name=name, gb=units * UNIT_GB, gb_per_s=gb_per_s, latency_s=latency_s)


class Bench:
    """A chip of four units over the given tiers; steps take one second."""

    def __init__(self, *tiers: Tier, token_s: float = SLOW_CHIP_S) -> None:
        self.env = simpy.Environment()
        self.engine = engine(self.env, capacity=4)
        self.server = Tiered(self.env, self.engine, tiers, KV_BYTES, token_s)
        self.desk = Desk(self.env)

    def send(self, at_s: float, tokens: int, *hashes: int, output: int = 1) -> Job:
        return self.desk.send(at_s, self.server, Job(tokens, output, hashes))

    def held(self) -> list[list[int]]:
        return [list(store.held) for store in self.server.stores]

    def push_out(self, at_s: float = 0.0) -> None:
        """Units 1 and 2 are computed, and a prompt that takes the whole chip sends them down, 2 first."""
        self.send(at_s, 8, 1, 2)
        self.send(at_s + 10, 16, 3, 4, 5, 6)


def test_what_leaves_the_chip_goes_to_the_first_tier() -> None:
    bench = Bench(tier("dram", 3))
    bench.push_out()
    bench.desk.run()
    assert bench.held() == [[2, 1]]
    assert bench.server.stores[0].channel.moved_bytes == 2 * UNIT_GB * 1e9


def test_what_leaves_a_tier_goes_further_down() -> None:
    bench = Bench(tier("dram", 1), tier("ssd", 1))
    bench.push_out()
    bench.send(50, 8, 7, 8)  # its two units make the chip let go of 6 and 5
    bench.desk.run()
    # 2 then 1 into one place: 2 goes down. 6 pushes 1 down, which pushes 2 out; 5 pushes 6 down, and 1 is gone.
    assert bench.held() == [[5], [6]]


def test_a_call_waits_for_what_it_loads_and_computes_the_rest() -> None:
    bench = Bench(tier("dram", 3, latency_s=0.5))
    bench.push_out()
    job = bench.send(50, 9, 1, 2)
    bench.desk.run()
    # Two units up: 2 seconds and 0.5; one step for the ninth token.
    assert (job.started_s, job.finished_s) == (52.5, 53.5)
    assert job.cached == 8
    assert bench.server.loaded_tokens == 8
    assert bench.engine.memory.cache.match((1, 2), 2) == 2


def test_the_last_token_of_a_prompt_is_computed_whatever_is_held() -> None:
    bench = Bench(tier("dram", 3))
    bench.push_out()
    job = bench.send(50, 8, 1, 2)
    bench.desk.run()
    assert job.cached == 4


def test_what_the_chip_still_has_is_not_loaded() -> None:
    bench = Bench(tier("dram", 3))
    bench.send(0, 8, 1, 2)
    bench.send(10, 12, 3, 4, 5)  # three of four units: 2 leaves, 1 stays
    job = bench.send(50, 9, 1, 2)
    bench.desk.run()
    assert job.started_s == 51
    assert job.cached == 8
    assert bench.server.loaded_tokens == 4


def test_what_is_computed_sooner_is_not_loaded() -> None:
    bench = Bench(tier("dram", 3), token_s=FAST_CHIP_S)
    bench.push_out()
    job = bench.send(50, 9, 1, 2)
    bench.desk.run()
    assert (job.started_s, job.cached) == (50, 0)
    assert bench.server.loaded_tokens == 0


@pytest.mark.parametrize(("latency_s", "loads"), [(13.9, True), (14.1, False)])
def test_the_bound_is_the_time_to_compute(latency_s: float, loads: bool) -> None:
    """Eight tokens at 2 s are 16 s; their journey is 2 s and the latency."""
    bench = Bench(tier("dram", 3, latency_s=latency_s))
    bench.push_out()
    job = bench.send(50, 9, 1, 2)
    bench.desk.run()
    assert (job.cached == 8) is loads


def test_calls_share_the_way_up() -> None:
    bench = Bench(tier("dram", 4))
    bench.push_out()
    jobs = [bench.send(50, 9, 1, 2), bench.send(50, 9, 1, 2)]
    bench.desk.run()
    assert [job.started_s for job in jobs] == [52, 54]
    # Down 2 and 1, up both twice; their places and that of the ninth token send 6, 5 and 4 down.
    assert bench.server.stores[0].channel.moved_bytes == (2 + 4 + 3) * UNIT_GB * 1e9


def test_the_way_down_delays_the_way_up() -> None:
    bench = Bench(tier("dram", 4, gb_per_s=0.8))  # 5 s a unit
    bench.push_out()
    job = bench.send(12, 5, 1)  # units 2 and 1 go down from 10 to 20; then 5 s: 13 s, and 8 s to compute
    late = bench.send(19, 5, 1)  # 1 + 5 s
    bench.desk.run()
    assert (job.cached, job.started_s) == (0, 12)
    assert (late.cached, late.started_s) == (4, 19)  # the chip has it again
    other = Bench(tier("dram", 4, gb_per_s=0.8))
    other.push_out()
    waits = other.send(18, 5, 1)  # 2 + 5 s are sooner than 8
    other.desk.run()
    assert (waits.cached, waits.started_s) == (4, 25)


def test_units_come_from_several_tiers_at_once() -> None:
    bench = Bench(tier("dram", 1), tier("ssd", 4, gb_per_s=1.0))
    bench.push_out()
    job = bench.send(50, 9, 1, 2)
    bench.desk.run()
    assert (job.cached, job.started_s) == (8, 54)  # 1 from dram in 1 s, 2 from the other in 4 s


def test_a_gap_ends_what_is_loaded() -> None:
    bench = Bench(tier("dram", 3))
    bench.push_out()
    job = bench.send(50, 13, 1, 99, 2)
    bench.desk.run()
    assert job.cached == 4


def test_a_full_tier_takes_nothing_and_gives_what_it_has() -> None:
    bench = Bench(tier("dram", 2), tier("ssd", 3))
    bench.push_out()
    bench.desk.at(30, lambda: setattr(bench.server.stores[0], "full", True))
    bench.send(50, 16, 7, 8, 9, 10)
    job = bench.send(100, 9, 1, 2)
    bench.desk.run()
    assert bench.held()[0] == [1, 2]  # as they were, but for what was asked for last
    assert set(bench.held()[1]) <= {3, 4, 5, 6, 7, 8, 9, 10}
    assert len(bench.held()[1]) == 3
    assert job.cached == 8


def test_a_tier_smaller_than_a_unit_is_passed_over() -> None:
    bench = Bench(Tier(name="dram", gb=UNIT_GB / 2, gb_per_s=4), tier("ssd", 3))
    bench.push_out()
    bench.desk.run()
    assert bench.held() == [[], [2, 1]]


@pytest.mark.parametrize("how", ["drop", "lose"])
def test_a_call_can_leave_while_it_loads(how: str) -> None:
    bench = Bench(tier("dram", 3))
    bench.push_out()
    job = bench.send(50, 9, 1, 2)
    if how == "drop":
        bench.desk.drop(51, bench.server, job)
    else:
        bench.desk.lose(51, bench.server)
    bench.desk.run()
    assert (bench.desk.dropped if how == "drop" else bench.desk.lost) == [job]
    assert job not in bench.desk.ended
    assert not bench.engine.running
    assert bench.held() == [[2, 1]] or bench.held() == [[1, 2]]  # the tiers keep theirs


@settings(derandomize=True)
@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 4), st.integers(0, 4), st.booleans())
def test_demotion_is_a_chain_of_least_recently_used(units: list[int], places: int, below: int, full: bool) -> None:
    bench = Bench(tier("dram", places), *([tier("ssd", below)] if below else []))
    bench.server.stores[0].full = full
    reference: list[OrderedDict[int, None]] = [OrderedDict() for _ in bench.server.stores]
    room = [0 if full else places, below]
    moved = [0, 0]
    for unit in units:
        bench.server._demote(unit)
        leaving: int | None = unit
        for level, held in enumerate(reference):
            if leaving is None or not room[level]:
                continue
            moved[level] += leaving not in held
            held[leaving] = None
            held.move_to_end(leaving)
            leaving = held.popitem(last=False)[0] if len(held) > room[level] else None
        assert bench.held() == [list(held) for held in reference]
    stores: tuple[Store, ...] = bench.server.stores
    assert [store.channel.moved_bytes for store in stores] == [4e9 * count for count in moved[: len(stores)]]


CALLS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 3), st.integers(1, 16), st.integers(0, 3)), min_size=1, max_size=25
)


@settings(derandomize=True)
@given(CALLS, st.integers(1, 6), st.sampled_from([FAST_CHIP_S, SLOW_CHIP_S]))
def test_capacity_holds_and_every_call_ends(
    calls: list[tuple[int, int, int, int]], places: int, token_s: float
) -> None:
    bench = Bench(tier("dram", places), tier("ssd", 2), token_s=token_s)
    at_s = 0.0
    jobs = []
    for gap_s, family, prompt, output in calls:
        at_s += gap_s
        hashes = [family * 100 + depth for depth in range(prompt // UNIT)]
        jobs.append(bench.send(at_s, prompt, *hashes, output=min(1 + output, 17 - prompt)))
    while bench.env.peek() < float("inf"):
        bench.env.step()
        assert all(len(store.held) <= store.capacity for store in bench.server.stores)
    assert sorted(map(id, bench.desk.ended)) == sorted(map(id, jobs))
    assert all(job.error is None and 0 <= job.cached < job.prompt for job in jobs)
    assert bench.server.loaded_tokens % UNIT == 0
    assert not bench.server._loading
    assert bench.engine.memory.cache.used == 0
