"""Calls that leave in their last step, die after they left, or come back as the same job while an old timer runs."""

import math
from collections.abc import Callable

import pytest
import simpy

from commissure.hal.clock.dice import dice
from commissure.hal.fleets.fault import Fault
from commissure.hal.profiles.serving import EngineSettings, Tier
from commissure.sim.engine.decoding import Constraint, Decoding
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server
from commissure.sim.hosted.retry import Retrying
from commissure.sim.topology.channel import Channel
from commissure.sim.topology.faulty import Faulty
from commissure.sim.topology.replicas import Replicas
from commissure.sim.topology.shared import SharedChip
from commissure.sim.topology.split import PrefillDecode
from commissure.sim.topology.tiers import Tiered
from tests.support.servers import Desk, Stub, engine


def faulty(env: simpy.Environment, server: Server) -> Faulty:
    return Faulty(env, "a", server, [], dice("0"))


def split(env: simpy.Environment) -> PrefillDecode:
    return PrefillDecode(engine(env), engine(env), Channel(env, 4.0), float)


BUILDS: dict[str, Callable[[simpy.Environment], Server]] = {
    "engine": engine,
    "replicas": lambda env: Replicas([engine(env), engine(env)]),
    "faulty": lambda env: faulty(env, engine(env)),
    "faulty replicas": lambda env: faulty(env, Replicas([engine(env), engine(env)])),
    "shared": lambda env: SharedChip(env).tenant(engine(env), 0.0),
    "split": split,
    "tiered": lambda env: Tiered(env, engine(env), [Tier(name="dram", gb=4, gb_per_s=1)], 1e9, 1.0),
}


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize(("output", "at_s"), [(1, 0.5), (3, 2.5)])
def test_a_call_that_leaves_in_its_last_step_does_not_end(name: str, output: int, at_s: float) -> None:
    env = simpy.Environment()
    server, desk = BUILDS[name](env), Desk(env)
    # Split, the state of four tokens takes a second.
    job = desk.send(0, server, Job(4, output))
    desk.drop(at_s + (1 if name == "split" and output > 1 else 0), server, job)
    desk.run()
    assert desk.ended == []
    assert desk.dropped == [job]


@pytest.mark.parametrize("name", BUILDS)
def test_a_call_that_left_is_not_lost_as_well(name: str) -> None:
    env = simpy.Environment()
    server, desk = BUILDS[name](env), Desk(env)
    job = desk.send(0, server, Job(4, 30))
    desk.drop(5.25, server, job)
    desk.lose(5.75, server)
    after = desk.send(20, server, Job(4, 1))
    desk.run()
    assert (desk.ended, desk.dropped, desk.lost) == ([after], [job], [])


def test_who_is_told_is_restored_when_a_call_leaves_nested_servers() -> None:
    env = simpy.Environment()
    for server in (
        faulty(env, Replicas([Stub(env)])),
        Replicas([faulty(env, Stub(env))]),
        SharedChip(env).tenant(Replicas([Stub(env)]), 0.0),
    ):
        desk = Desk(env)
        job = Job(1, 50, done=desk.note)
        server.submit(job)
        env.run(until=env.now + 1)
        server.cancel(job)
        assert job.done == desk.note


def retried(env: simpy.Environment, server: Server, dies_s: float, again_s: float) -> Retrying:
    """A client whose only try is lost at one time, and whose next is sent at another."""
    client = Retrying(Faulty(env, "a", server, [Fault(endpoint="a", kind="die", at_s=dies_s, for_s=0.1)], dice("0")),
                      env, seed=1)  # fmt: skip
    client._dice.uniform = lambda low, high: again_s - dies_s  # type: ignore[method-assign, assignment]
    return client


def test_an_old_journey_does_not_deliver_a_new_state() -> None:
    env = simpy.Environment()
    client, desk = retried(env, split(env), 2.0, 4.5), Desk(env)
    # Prompt to 1, journey of ten seconds to 11; lost at 2; again at 4.5: to 5.5, the link is free at 11, there at 21.
    job = Job(40, 3, done=desk.note)
    client.submit(job)
    desk.run()
    assert job.finished_s == 5.5 + (11 - 5.5) + 10 + 2


def test_an_old_compilation_does_not_admit_a_new_call() -> None:
    env = simpy.Environment()
    server = Decoding(env, engine(env), EngineSettings(), None, dice("0"), lambda _: Constraint(compile_s=10.0))
    client, desk = retried(env, server, 2.0, 4.5), Desk(env)
    job = Job(4, 1, done=desk.note)
    client.submit(job)
    desk.run()
    assert job.started_s == 4.5 + 10


def test_an_old_load_does_not_bring_a_new_calls_state() -> None:
    env = simpy.Environment()
    tiered = Tiered(env, engine(env, capacity=4), [Tier(name="dram", gb=80, gb_per_s=1)], 1e9, 100.0)
    for unit in (2, 1):
        tiered._demote(unit)  # until 8
    env.run(until=10)
    client, desk = retried(env, tiered, 12.0, 14.5), Desk(env)
    job = Job(9, 1, (1, 2), done=desk.note)
    client.submit(job)  # two units in 8 s to 18; lost at 12; again at 14.5, behind the first to 26
    desk.run()
    assert job.started_s == 26


def test_what_was_loaded_for_a_lost_try_is_not_there_for_the_next() -> None:
    env = simpy.Environment()
    tiered = Tiered(env, engine(env, capacity=4), [Tier(name="dram", gb=80, gb_per_s=8)], 1e9, 1.0)
    for unit in (2, 1):
        tiered._demote(unit)
    env.run(until=10)
    client, desk = retried(env, tiered, 11.5, 14.5), Desk(env)
    job = Job(9, 3, (1, 2), done=desk.note)
    client.submit(job)  # two units to 11, lost in its first step
    env.run(until=12)
    tiered.stores[0].held.clear()
    env.run()
    assert desk.ended == [job]
    assert job.cached == 0
    assert math.isclose(job.finished_s, 14.5 + 3)
