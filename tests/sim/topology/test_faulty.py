"""Faults: what each does, when, how often; and that a seed repeats it to the bit."""

import math
from pathlib import Path
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.clock.dice import dice
from commissure.hal.errors import EndpointError, UsageError
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.serving import Tier
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server
from commissure.sim.hosted.retry import Retrying
from commissure.sim.topology.faulty import Faulty
from commissure.sim.topology.replicas import Replicas
from commissure.sim.topology.tiers import Tiered
from tests.support.servers import Desk, Stub, engine


def fault(kind: Any, at_s: float = 0.0, for_s: float | None = None, **more: Any) -> Fault:
    return Fault(endpoint="a", kind=kind, at_s=at_s, for_s=for_s, **more)


def faulty(server: Server, env: simpy.Environment, *faults: Fault, seed: int = 0) -> Faulty:
    return Faulty(env, "a", server, faults, dice(f"{seed}/faults"))


def on_engine(*faults: Fault) -> tuple[Faulty, Desk]:
    env = simpy.Environment()
    return faulty(engine(env), env, *faults), Desk(env)


def on_stub(*faults: Fault, seed: int = 0) -> tuple[Faulty, Desk, Stub]:
    env = simpy.Environment()
    stub = Stub(env)
    return faulty(stub, env, *faults, seed=seed), Desk(env), stub


def problem(job: Job) -> str:
    assert isinstance(job.error, EndpointError)
    assert job.error.retryable
    return str(job.error)


def test_a_slow_window_stretches_every_step_that_begins_in_it() -> None:
    server, desk = on_engine(fault("slow", 2.5, 6.0, factor=3.0))
    desk.send(0, server, Job(4, 8))
    # Steps end at 1, 2, 3; of three seconds at 6, 9; from 8.5 on of one again: 10, 11, 12.
    assert desk.run() == [12]


@pytest.mark.parametrize(("window_s", "factor"), [((0.5, 100.0), 2.0), ((0.5, 100.0), 7.5)])
def test_a_long_slow_window_stretches_all_but_the_step_in_progress(
    window_s: tuple[float, float], factor: float
) -> None:
    server, desk = on_engine(fault("slow", *window_s, factor=factor))
    desk.send(0, server, Job(4, 10))
    assert desk.run() == [1 + 9 * factor]


def test_slow_windows_that_overlap_multiply() -> None:
    server, desk, stub = on_stub(fault("slow", 1, 4, factor=2.0), fault("slow", 3, 4, factor=5.0))
    seen: list[float] = []
    for at_s in (0.5, 2.0, 4.0, 6.0, 8.0):
        desk.at(at_s, lambda: seen.append(stub.factor))
    desk.run()
    assert seen == [1, 2, 10, 5, 1]
    assert server.busy_s == 0


@pytest.mark.parametrize(("kind", "more", "ends_s"), [("slow", {"factor": 3.0}, 9), ("fail", {"rate": 1.0}, 0)])
def test_a_fault_from_the_beginning_is_there_for_the_first_call(kind: str, more: Any, ends_s: float) -> None:
    server, desk = on_engine(fault(kind, 0.0, **more))
    times: list[float] = []
    server.submit(Job(4, 3, done=lambda _: times.append(desk.env.now)))
    desk.run()
    assert times == [ends_s]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize(("kind", "words", "ends_s"), [("fail", "503", 0), ("lose", "connection was lost", 3)])
def test_rates_are_kept(kind: str, words: str, ends_s: float, rate: float) -> None:
    server, desk, stub = on_stub(fault(kind, 0.5, rate=rate))
    calls = 4000
    jobs = [desk.send(1 + number, server, Job(1, 3)) for number in range(calls)]
    times: dict[Job, float] = {}
    for job in jobs:
        job.done = lambda job: times.setdefault(job, desk.env.now)
    desk.run()
    failed = [job for job in jobs if job.error]
    assert abs(len(failed) - calls * rate) <= 4 * math.sqrt(calls * rate * (1 - rate))
    assert all(words in problem(job) for job in failed)
    assert all(times[job] - job.arrived_s == (ends_s if job.error else 3) for job in jobs)
    assert len(stub.seen) == (calls - len(failed) if kind == "fail" else calls)


def test_faults_keep_to_their_window() -> None:
    server, desk, _ = on_stub(fault("fail", 10, 5, rate=1.0), fault("lose", 20, 5, rate=1.0))
    jobs = {at_s: desk.send(at_s, server, Job(1, 1)) for at_s in (9.5, 10.5, 14.5, 15.5, 18.5, 19.5, 23.5, 24.5)}
    desk.run()
    assert [at_s for at_s, job in jobs.items() if job.error] == [10.5, 14.5, 19.5, 23.5]


def test_a_death_loses_calls_under_way_and_refuses_new_ones_until_it_is_over() -> None:
    server, desk = on_engine(fault("die", 4.5, 10.0))
    jobs = [desk.send(at_s, server, Job(4, output)) for at_s, output in ((0, 2), (0, 30), (5, 1), (14, 1), (20, 3))]
    times: list[float] = []
    for job in jobs:
        job.done = lambda _: times.append(desk.env.now)
    desk.run()
    assert jobs[0].error is None
    assert "died during the call" in problem(jobs[1])
    assert "is down" in problem(jobs[2])
    assert "is down" in problem(jobs[3])
    assert jobs[4].error is None
    assert times == [2, 4.5, 5, 14, 23]


def test_a_death_loses_what_was_cached() -> None:
    server, desk = on_engine(fault("die", 10, 1))
    jobs = [desk.send(at_s, server, Job(9, 1, (1, 2))) for at_s in (0, 5, 20, 30)]
    desk.run()
    assert [job.cached for job in jobs] == [0, 8, 0, 8]


def test_a_client_that_tries_again_outlives_a_death() -> None:
    env = simpy.Environment()
    server = Retrying(faulty(engine(env), env, fault("die", 4.5, 2.0)), env, seed=1, attempts=20)
    desk = Desk(env)
    job = Job(4, 10, done=desk.note)
    desk.at(0, lambda: server.submit(job))
    desk.run()
    assert desk.ended == [job]
    assert job.error is None
    assert job.finished_s - job.started_s == 10
    assert job.started_s >= 6.5
    assert server.retries >= 1


def test_a_full_tier_takes_nothing_in_its_window() -> None:
    env = simpy.Environment()
    tiered = Tiered(env, engine(env, capacity=4), [Tier(name="dram", gb=12, gb_per_s=4)], 1e9, 2.0)
    server = Faulty(env, "a", tiered, [fault("full", 5, 20, tier="dram")], dice("0"), [tiered])
    desk, held = Desk(env), list[list[int]]()
    for at_s, first in ((0, 1), (10, 11), (30, 21)):
        desk.send(at_s, server, Job(16, 1, tuple(range(first, first + 4))))
        desk.at(at_s + 4, lambda: held.append(list(tiered.stores[0].held)))
    desk.run()
    # 1 to 4 leave in the window and go nowhere; of 11 to 14, which leave after it, three stay.
    assert held == [[], [], [13, 12, 11]]


def test_an_error_of_its_own_stands() -> None:
    env = simpy.Environment()
    server, desk = faulty(Stub(env, room=5), env, fault("lose", 0.5, rate=1.0)), Desk(env)
    job = desk.send(1, server, Job(6, 1))
    desk.run()
    assert "no room" in str(job.error)


def test_leaving_early_leaves_nothing_behind() -> None:
    server, desk, stub = on_stub(fault("lose", 0.5, rate=1.0))
    job = desk.send(1, server, Job(1, 9))
    desk.drop(2, server, job)
    desk.run()
    assert desk.ended == []
    assert job.done == desk.note
    assert not stub.under_way
    assert not server._told


def outcome(seed: int) -> list[tuple[float, str]]:
    server, desk, _ = on_stub(fault("fail", 0.5, rate=0.3), fault("lose", 50, 100, rate=0.4), seed=seed)
    jobs = [desk.send(1 + number, server, Job(1, 3)) for number in range(200)]
    desk.run()
    return [(job.finished_s, str(job.error)) for job in jobs]


def test_a_seed_repeats_to_the_bit() -> None:
    assert outcome(1) == outcome(1)
    assert outcome(1) != outcome(2)


FAULTS = st.lists(
    st.builds(
        fault, st.sampled_from(["slow", "fail", "lose", "die"]), st.integers(1, 60).map(lambda n: n + 0.25),
        st.none() | st.integers(1, 20), factor=st.sampled_from([1.0, 2.5]), rate=st.sampled_from([0.2, 1.0]),
    ),
    max_size=5,
)  # fmt: skip
CALLS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12), st.integers(0, 30)), max_size=25)


@settings(derandomize=True)
@given(FAULTS, CALLS)
def test_every_call_ends_once_or_leaves_once(faults: list[Fault], calls: list[tuple[int, int, int]]) -> None:
    env = simpy.Environment()
    stubs = [Stub(env), Stub(env)]
    server, desk = faulty(Replicas(stubs), env, *faults), Desk(env)
    jobs = []
    for at_s, output, leaves_s in calls:
        job = desk.send(at_s + 0.5, server, Job(1, output))
        if leaves_s > 20:
            desk.drop(at_s + leaves_s - 20 + 0.125, server, job)
        jobs.append(job)
    desk.run()
    assert sorted(map(id, (*desk.ended, *desk.dropped))) == sorted(map(id, jobs))
    assert not any(stub.under_way for stub in stubs)
    assert not server._told
    end_s = {id(one): math.inf if one.for_s is None else one.at_s + one.for_s for one in faults}
    for job in jobs:
        deaths = [one for one in faults if one.kind == "die"]
        down = any(one.at_s <= job.arrived_s < end_s[id(one)] for one in deaths)
        if down:
            assert "is down" in problem(job) or "503" in problem(job)
        if not faults:
            assert job.error is None


ENDPOINT = '[[endpoints]]\nname = "a"\nprovider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "nvidia-h100"\n\n[[faults]]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('endpoint = "b"\nkind = "die"', r":\d+: .*unknown endpoint of a fault 'b'.*Allowed: a"),
        ('endpoint = "a"\nkind = "slow"', ":7: faults.0: .*'slow' needs factor"),
        ('endpoint = "a"\nkind = "fail"', ":7: faults.0: .*'fail' needs rate"),
        ('endpoint = "a"\nkind = "lose"', ":7: faults.0: .*'lose' needs rate"),
        ('endpoint = "a"\nkind = "full"', ":7: faults.0: .*'full' needs tier"),
        ('endpoint = "a"\nkind = "melt"', ":9: faults.0.kind: .*'die'"),
        ('endpoint = "a"\nkind = "die"\nat_s = -1', ":10: faults.0.at_s: .*greater than or equal to 0"),
        ('endpoint = "a"\nkind = "die"\nfor_s = inf', ":10: faults.0.for_s: .*finite"),
        ('endpoint = "a"\nkind = "fail"\nrate = 1.5', ":10: faults.0.rate: .*less than or equal to 1"),
        ('endpoint = "a"\nkind = "slow"\nfactor = 0.5', ":10: faults.0.factor: .*greater than or equal to 1"),
        ('endpoint = "a"\nkind = "full"\ntier = "hbm"', ":10: faults.0.tier: .*'dram'"),
        ('kind = "die"', ":7: faults.0.endpoint: Field required"),
    ],
)
def test_a_fault_that_lacks_something_is_refused_where_it_stands(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(ENDPOINT + text + "\n")
    with pytest.raises(UsageError, match=rf"fleet\.toml{message}"):
        Fleet.load(path)


def test_who_is_never_answered_gives_up() -> None:
    server, desk, stub = on_stub(fault("hang", rate=1.0, after_s=7.0, for_s=20.0))
    lost = desk.send(1.0, server, Job(4, 2))
    dropped = desk.send(1.0, server, Job(4, 2))
    desk.drop(2.0, server, dropped)
    served = desk.send(21.0, server, Job(4, 2))
    stub.env.run(until=7.5)
    assert desk.ended == []
    stub.env.run()
    assert desk.ended == [lost, served]
    assert "no answer came in time" in problem(lost)
    assert stub.seen == [served]


def test_a_death_ends_the_waiting_of_those_who_are_not_answered() -> None:
    server, desk, stub = on_stub(fault("hang", rate=1.0, after_s=30.0), fault("die", at_s=5.0))
    job = desk.send(0.0, server, Job(4, 2))
    stub.env.run(until=5.5)
    assert desk.ended == [job]
    assert "died" in problem(job)
