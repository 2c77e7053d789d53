"""Models that share a chip: one at a time, in order of arrival, each switch as long as the other takes to load."""

from itertools import pairwise

import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.sim.engine.job import Job
from commissure.sim.topology.shared import SharedChip, Tenant
from tests.support.servers import Desk, Stub, engine

LOAD_S = (10.0, 5.0, 1.0)


class Chip:
    """Three models behind stubs."""

    def __init__(self, room: float = 100) -> None:
        self.env = simpy.Environment()
        self.chip = SharedChip(self.env)
        self.stubs = [Stub(self.env, room) for _ in LOAD_S]
        pairs = zip(self.stubs, LOAD_S, strict=True)
        self.tenants: list[Tenant] = [self.chip.tenant(stub, load_s) for stub, load_s in pairs]
        self.desk = Desk(self.env)

    def send(self, at_s: float, tenant: int, seconds: int, prompt: int = 1) -> Job:
        return self.desk.send(at_s, self.tenants[tenant], Job(prompt, seconds, index=tenant))


def test_drain_then_switch_by_hand() -> None:
    chip = Chip()
    a1 = chip.send(0, 0, 3)  # loads to 10, runs to 13
    b1 = chip.send(11, 1, 2)  # 13 drained, 18 loaded, runs to 20
    a2 = chip.send(12, 0, 4)  # behind b1 though its model is loaded: 20 to 30, runs to 34
    b2 = chip.send(17, 1, 1)  # its model is being loaded: 18 to 19
    chip.desk.run()
    assert [(job.started_s, job.finished_s) for job in (a1, b1, a2, b2)] == [(10, 13), (18, 20), (30, 34), (18, 19)]
    assert [a1, b2, b1, a2] == chip.desk.ended
    assert (chip.chip.switches, chip.chip.switching_s) == (3, 25)


def test_calls_to_the_loaded_model_run_together() -> None:
    chip = Chip()
    for at_s in (0, 11, 12):
        chip.send(at_s, 0, 5)
    assert chip.desk.run() == [15, 16, 17]
    assert chip.chip.switches == 1


def test_a_model_stays_loaded_while_nobody_asks_for_another() -> None:
    chip = Chip()
    for at_s in (0, 100):
        chip.send(at_s, 0, 5)
    assert chip.desk.run() == [15, 105]


def test_calls_that_are_refused_free_the_chip_for_the_next_model() -> None:
    chip = Chip(room=5)
    for _ in range(3):
        chip.send(0, 0, 2, prompt=6)
    chip.send(1, 1, 2)
    chip.send(2, 0, 2, prompt=6)
    chip.desk.run()
    assert [job.error is None for job in chip.desk.ended] == [False] * 4 + [True]
    assert chip.desk.ended[-1].finished_s == 10 + 5 + 2


def test_who_waits_can_leave() -> None:
    chip = Chip()
    chip.send(0, 0, 10)
    gone = chip.send(11, 1, 2)
    late = chip.send(12, 0, 1)
    chip.desk.drop(13, chip.tenants[1], gone)
    assert chip.desk.run() == [14, 20]  # nobody waits for the other model any more, so `late` starts at 13
    assert late.started_s == 13
    assert chip.chip.switches == 1


def test_who_a_model_is_loaded_for_can_leave() -> None:
    chip = Chip()
    gone = chip.send(0, 0, 2)
    chip.desk.drop(1, chip.tenants[0], gone)
    chip.send(2, 1, 2)
    assert chip.desk.run() == [10 + 5 + 2]
    assert chip.chip.switches == 2


def test_a_running_call_that_leaves_lets_the_next_model_in() -> None:
    chip = Chip()
    gone = chip.send(0, 0, 50)
    chip.send(11, 1, 2)
    chip.desk.drop(20, chip.tenants[0], gone)
    assert chip.desk.run() == [20 + 5 + 2]
    assert gone.done == chip.desk.note


def test_a_model_that_dies_loses_its_calls_and_no_others() -> None:
    chip = Chip()
    lost = [chip.send(0, 0, 50), chip.send(12, 0, 1)]
    chip.send(11, 1, 2)
    chip.desk.lose(20, chip.tenants[0])
    assert chip.desk.run() == [27]
    assert chip.desk.lost == lost
    assert all(job.done == chip.desk.note for job in lost)


def test_a_tenant_slows_alone_and_counts_its_own_work() -> None:
    chip = Chip()
    chip.tenants[0].slow(2.0)
    chip.send(0, 0, 3)
    chip.send(1, 1, 3)
    assert chip.desk.run() == [16, 24]
    assert [tenant.busy_s for tenant in chip.tenants] == [6, 3, 0]


def test_on_engines() -> None:
    env = simpy.Environment()
    chip, desk = SharedChip(env), Desk(env)
    one, other = (chip.tenant(engine(env), 2.0) for _ in range(2))
    desk.send(0, one, Job(4, 3))  # loaded at 2, three steps to 5
    desk.send(1, other, Job(4, 2))  # loaded at 7, two steps to 9
    assert desk.run() == [5, 9]


SENDS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.integers(1, 12)), min_size=1, max_size=25)


@settings(derandomize=True)
@given(SENDS)
def test_one_model_at_a_time_and_nobody_overtakes_but_with_a_load(sends: list[tuple[int, int, int]]) -> None:
    chip = Chip()
    # No two calls come at the same instant, nor as another ends or a model is loaded.
    jobs = [chip.send(at_s + n / 64, tenant, seconds) for n, (at_s, tenant, seconds) in enumerate(sorted(sends))]
    chip.desk.run()
    assert sorted(map(id, chip.desk.ended)) == sorted(map(id, jobs))
    stays = sorted((job.started_s, job.finished_s, job.index) for job in jobs)
    free_s = 0.0
    for before, after in pairwise([(0.0, 0.0, -1), *stays]):
        free_s = max(free_s, before[1])
        if after[2] != before[2]:
            assert after[0] >= free_s + LOAD_S[after[2]]
    for late, job in enumerate(jobs):
        for early in jobs[:late]:
            if early.index != job.index and job.arrived_s < early.started_s and job.started_s < early.started_s:
                # It came with a call to its own model that was first of all three.
                assert any(one.index == job.index and one.started_s == job.started_s
                           for one in jobs[: jobs.index(early)])  # fmt: skip
    assert chip.chip._running == 0
    assert not chip.chip._waiting


@settings(derandomize=True)
@given(SENDS, st.lists(st.tuples(st.integers(0, 24), st.integers(1, 80)), max_size=10), st.integers(0, 90))
def test_every_call_ends_or_leaves_once(
    sends: list[tuple[int, int, int]], drops: list[tuple[int, int]], dies_s: int
) -> None:
    chip = Chip()
    jobs = [chip.send(at_s, tenant, seconds) for at_s, tenant, seconds in sends]
    for number, after_s in drops:
        job, (at_s, tenant, _) = jobs[number % len(jobs)], sends[number % len(jobs)]
        chip.desk.drop(at_s + after_s + 0.5, chip.tenants[tenant], job)
    chip.desk.lose(dies_s + 0.25, chip.tenants[1])
    chip.desk.run()
    desk = chip.desk
    assert sorted(map(id, (*desk.ended, *desk.dropped, *desk.lost))) == sorted(map(id, jobs))
    assert all(job.done == desk.note for job in jobs)
    assert chip.chip._running == 0
    assert not chip.chip._waiting
    assert not any(tenant._told for tenant in chip.tenants)
