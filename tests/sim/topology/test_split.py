"""Prefill here, decode there: the first token comes from the prompt's chip, the others after the state's journey."""

import math

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.topology.channel import Channel
from commissure.sim.topology.split import PrefillDecode
from tests.support.servers import Desk, Stub, engine

KV_BYTES, RATE, LATENCY_S = 2.0, 4.0, 0.5


class Pair:
    """Two engines of one second a step, and a link of 4 bytes/s to which a token's state is 2 bytes."""

    def __init__(self, prefill_blocks: float = math.inf, decode_blocks: float = math.inf) -> None:
        self.env = simpy.Environment()
        self.prefill = engine(self.env, prefill_blocks)
        self.decode = engine(self.env, decode_blocks)
        self.link = Channel(self.env, RATE, LATENCY_S)
        self.server = PrefillDecode(self.prefill, self.decode, self.link, lambda tokens: tokens * KV_BYTES)
        self.desk = Desk(self.env)

    def empty(self) -> bool:
        sides: tuple[Engine, Engine] = (self.prefill, self.decode)
        return not any(side.running or side.waiting or side.memory.cache.used for side in sides)


def test_one_call_by_hand() -> None:
    pair = Pair()
    shown: list[float] = []
    job = pair.desk.send(2, pair.server, Job(8, 3))
    job.on_first = lambda one: shown.append(pair.env.now)
    # Prompt 2 to 3; 16 bytes at 4/s and 0.5: there at 7.5; two more tokens, a step each.
    assert pair.desk.run() == [9.5]
    assert (job.arrived_s, job.started_s, job.first_s, shown) == (2, 2, 3, [3])
    assert (pair.prefill.steps, pair.decode.steps) == (1, 2)
    assert pair.link.moved_bytes == 16
    assert pair.server.busy_s == (1 + 2) / 2


def test_states_travel_one_after_the_other() -> None:
    pair = Pair()
    jobs = [pair.desk.send(0, pair.server, Job(8, 3)) for _ in range(2)]
    # Prompts to 1 and 2; the link is free at 5 and at 9, the states are there half a second later.
    assert pair.desk.run() == [7.5, 11.5]
    assert [job.first_s for job in jobs] == [1, 2]


def test_an_answer_of_one_token_stays_where_it_is() -> None:
    pair = Pair()
    pair.desk.send(0, pair.server, Job(8, 1))
    assert pair.desk.run() == [1]
    assert (pair.link.moved_bytes, pair.decode.steps) == (0, 0)


def test_a_prompt_does_not_hold_up_those_who_decode() -> None:
    pair = Pair()
    first = pair.desk.send(0, pair.server, Job(2, 30))
    pair.desk.send(3, pair.server, Job(640, 1))
    pair.desk.run()
    assert first.finished_s == 1 + 1.5 + 29  # as if alone, though the long prompt took ten full steps


def test_prefixes_are_reused_on_the_prompts_side() -> None:
    pair = Pair()
    jobs = [pair.desk.send(at_s, pair.server, Job(9, 2, (1, 2))) for at_s in (0, 100)]
    pair.desk.run()
    assert [job.cached for job in jobs] == [0, 8]
    assert pair.link.moved_bytes == 2 * 9 * KV_BYTES


@pytest.mark.parametrize(("prefill", "decode", "moved"), [(2, math.inf, 0), (math.inf, 2, 18)])
def test_what_fits_one_side_only_ends_once_with_an_error(prefill: float, decode: float, moved: float) -> None:
    pair = Pair(prefill, decode)
    job = pair.desk.send(0, pair.server, Job(9, 4))
    pair.desk.run()
    assert pair.desk.ended == [job]
    assert "does not fit" in str(job.error)
    assert pair.link.moved_bytes == moved
    assert pair.empty()


def test_a_call_that_is_refused_says_when_it_came() -> None:
    pair = Pair(prefill_blocks=2)
    seen: list[float] = []
    pair.desk.at(3, lambda: pair.server.submit(Job(9, 4, done=lambda job: seen.append(job.arrived_s))))
    pair.desk.run()
    assert seen == [3]


# A prompt of 200 takes four steps to 4; its 400 bytes are there at 104.5; 9 tokens more take until 113.5.
STAGES = [("prompt", 1.5, 0), ("journey", 50.0, 400), ("decode", 106.0, 400)]


@pytest.mark.parametrize(("stage", "at_s", "moved"), STAGES)
@pytest.mark.parametrize("how", ["drop", "lose"])
def test_a_call_can_leave_in_every_stage(stage: str, at_s: float, moved: float, how: str) -> None:
    pair = Pair()
    job = pair.desk.send(0, pair.server, Job(200, 10))
    if how == "drop":
        pair.desk.drop(at_s, pair.server, job)
    else:
        pair.desk.lose(at_s, pair.server)
    after = pair.desk.send(200, pair.server, Job(8, 3))
    assert pair.desk.run() == [207.5]
    assert pair.desk.ended == [after]
    assert (pair.desk.dropped if how == "drop" else pair.desk.lost) == [job]
    assert pair.link.moved_bytes == moved + 16
    assert pair.empty()


@settings(derandomize=True)
@given(st.integers(1, 300), st.integers(1, 40))
def test_the_times_of_a_lone_call(prompt: int, output: int) -> None:
    pair = Pair()
    job = pair.desk.send(0, pair.server, Job(prompt, output))
    pair.desk.run()
    steps = -(-prompt // 64)
    assert job.first_s == steps
    journey_s = prompt * KV_BYTES / RATE + LATENCY_S if output > 1 else 0.0
    assert job.finished_s == pytest.approx(steps + journey_s + output - 1)
    assert (pair.prefill.steps, pair.decode.steps) == (steps, output - 1)
    assert pair.empty()


CALLS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30), st.integers(1, 12), st.integers(0, 60)), max_size=20)


@settings(derandomize=True)
@given(CALLS, st.booleans())
def test_every_call_ends_or_leaves_once_and_takes_its_turn_on_the_link(
    calls: list[tuple[int, int, int, int]], dies: bool
) -> None:
    env = simpy.Environment()
    first, second = Stub(env), Stub(env)
    link = Channel(env, RATE, LATENCY_S)
    server, desk = PrefillDecode(first, second, link, lambda tokens: tokens * KV_BYTES), Desk(env)
    jobs = []
    for at_s, prompt, output, leaves_s in calls:
        job = desk.send(at_s, server, Job(prompt, output))
        if leaves_s % 3 == 0:
            desk.drop(at_s + leaves_s / 2 + 0.25, server, job)
        jobs.append(job)
    if dies:
        desk.lose(15.125, server)
    desk.run()
    assert sorted(map(id, (*desk.ended, *desk.dropped, *desk.lost))) == sorted(map(id, jobs))
    assert not first.under_way
    assert not second.under_way
    for job in desk.ended:
        assert job.arrived_s <= job.started_s <= job.first_s <= job.finished_s
    # What decodes came over the link after its prompt, in order, no faster than the link.
    free_s = 0.0
    for job in sorted((job for job in jobs if job.output > 1 and job.first_s >= 0), key=lambda job: job.first_s):
        free_s = max(free_s, job.first_s) + job.prompt * KV_BYTES / RATE
    late = [job.finished_s for job in desk.ended if job.output > 1]
    assert link.moved_bytes == sum(job.prompt * KV_BYTES for job in jobs if job.output > 1 and job.first_s >= 0)
    assert free_s == pytest.approx(link._free_s)
    assert all(end_s >= 1 + LATENCY_S for end_s in late)
