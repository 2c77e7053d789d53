"""A channel sends one thing at a time, in the order in which it was asked, and loses no byte."""

from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.sim.topology.channel import Channel


def test_transfers_by_hand() -> None:
    env = simpy.Environment()
    link = Channel(env, 100.0, 0.5)
    assert link.wait_s(200) == 2.5
    assert link.send(200) == 2.5  # 200 / 100 + 0.5
    assert link.send(100) == 3.5  # 2 behind the first, 1 of its own, 0.5
    env.run(until=1.0)
    assert link.wait_s(0) == 2.5  # the link is free at 3, and a latency later it is there
    env.run(until=10.0)
    assert link.send(50) == 1.0
    assert link.moved_bytes == 350


def test_asking_books_nothing() -> None:
    link = Channel(simpy.Environment(), 100.0)
    assert [link.wait_s(300) for _ in range(3)] == [3.0] * 3
    assert link.moved_bytes == 0


def test_what_is_carried_arrives_with_its_parcel() -> None:
    env = simpy.Environment()
    link = Channel(env, 10.0, 1.0)
    arrived: list[tuple[float, Any]] = []
    for name, size in (("a", 20), ("b", 30)):
        link.carry(size, lambda event: arrived.append((env.now, event.value)), name)
    env.run()
    assert arrived == [(3.0, "a"), (6.0, "b")]  # 2 + 1; 2 + 3 + 1


@settings(derandomize=True)
@given(
    sends=st.lists(st.tuples(st.integers(0, 72), st.floats(0, 500)), min_size=1, max_size=30),
    rate=st.floats(1, 1000), latency_s=st.sampled_from([0.0, 0.25, 7.0]),
)  # fmt: skip
def test_transfers_never_overlap_and_never_idle_while_one_waits(
    sends: list[tuple[int, float]], rate: float, latency_s: float
) -> None:
    env = simpy.Environment()
    link = Channel(env, rate, latency_s)
    free_s = total = 0.0
    for gap, size in sends:
        if gap:
            env.run(until=env.now + gap / 8)
        expected_s = link.wait_s(size)
        end_s = env.now + link.send(size) - latency_s
        assert end_s - env.now + latency_s == pytest.approx(expected_s)
        free_s = max(free_s, env.now) + size / rate
        assert end_s == pytest.approx(free_s)
        total += size
    assert link.moved_bytes == pytest.approx(total)
