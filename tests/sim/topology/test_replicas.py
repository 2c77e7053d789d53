"""Replicas: the shortest queue, the first of equals, and the mean of what they worked."""

import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.sim.engine.job import Job
from commissure.sim.topology.replicas import Replicas
from tests.support.servers import Desk, Stub, engine


def replicas(env: simpy.Environment, count: int) -> tuple[Replicas, list[Stub]]:
    stubs = [Stub(env) for _ in range(count)]
    return Replicas(stubs), stubs


def test_the_shortest_queue_and_the_first_of_equals() -> None:
    env = simpy.Environment()
    server, stubs = replicas(env, 3)
    desk = Desk(env)
    # At 0.5 all hold one, so the first takes it; at 2 the second is empty; at 4 the third is, at 3 too late.
    jobs = [desk.send(at_s, server, Job(1, output)) for at_s, output in ((0, 5), (0, 1), (0, 3), (0.5, 9), (2, 9))]
    assert desk.run() == [1, 3, 5, 9.5, 11]
    assert [[jobs.index(job) for job in stub.seen] for stub in stubs] == [[0, 3], [1, 4], [2]]
    assert server.busy_s == (5 + 9 + 1 + 9 + 3) / 3


def test_a_job_that_is_refused_leaves_its_place() -> None:
    env = simpy.Environment()
    stubs = [Stub(env, room=10), Stub(env, room=10)]
    server, desk = Replicas(stubs), Desk(env)
    for _ in range(3):
        desk.send(0, server, Job(11, 1))
    desk.send(1, server, Job(1, 1))
    desk.run()
    assert [len(stub.seen) for stub in stubs] == [4, 0]
    assert [job.error is None for job in desk.ended] == [False] * 3 + [True]


def test_slow_reaches_every_replica() -> None:
    env = simpy.Environment()
    server, stubs = replicas(env, 2)
    server.slow(3.0)
    assert [stub.factor for stub in stubs] == [3.0, 3.0]


def test_on_engines_two_replicas_do_at_once_what_one_of_one_place_does_in_turn() -> None:
    def last(count: int) -> float:
        env = simpy.Environment()
        server = Replicas([engine(env, max_num_seqs=1) for _ in range(count)])
        desk = Desk(env)
        for _ in range(2):
            desk.send(0, server, Job(4, 3))
        return desk.run()[-1]

    assert (last(1), last(2)) == (6.0, 3.0)


ACTIONS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["send", "send", "send", "drop", "lose"]), st.integers(1, 9)),
    max_size=40,
)


@settings(derandomize=True)
@given(ACTIONS, st.integers(1, 4))
def test_every_replica_holds_what_a_plain_count_says(actions: list[tuple[int, str, int]], count: int) -> None:
    env = simpy.Environment()
    server, stubs = replicas(env, count)
    desk, jobs = Desk(env), list[Job]()

    def send(output: int) -> None:
        held = [len(stub.under_way) for stub in stubs]
        expected = held.index(min(held))
        jobs.append(Job(1, output, done=desk.note))
        server.submit(jobs[-1])
        assert jobs[-1] in stubs[expected].under_way

    for time_s, kind, number in actions:
        if kind == "send":
            desk.at(time_s + 0.5, lambda number=number: send(number))  # type: ignore[misc]
        elif kind == "lose" and number == 1:
            desk.lose(time_s + 0.25, server)
        elif kind == "drop":
            desk.at(time_s + 0.75, lambda number=number: drop(number))  # type: ignore[misc]

    def drop(number: int) -> None:
        still = [job for job in jobs if not desk.over(job)]
        if still:
            job = still[number % len(still)]
            desk.dropped.append(job)
            server.cancel(job)
            assert job.done == desk.note

    desk.run()
    assert len(desk.ended) + len(desk.dropped) + len(desk.lost) == len(jobs)
    assert all(desk.over(job) for job in jobs)
    assert all(job.done == desk.note for job in desk.lost)
    assert not any(stub.under_way for stub in stubs)
