"""The engine by jumps against the one that takes every step: the same random programs end the same."""

import math
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from commissure.hal.profiles.serving import EngineSettings, SpeculativeDecoding
from commissure.sim.engine.exact import ExactEngine
from commissure.sim.engine.jump import Engine
from tests.support.engines import ZERO, Ask, Outcome, Program, programs, serve

TOLERANCE_S = 1e-9


def close(one_s: float, other_s: float) -> bool:
    return math.isclose(one_s, other_s, rel_tol=TOLERANCE_S, abs_tol=TOLERANCE_S)


def used(outcome: Outcome) -> int:
    engine = outcome.engine
    return (engine.memory.cache if isinstance(engine, Engine) else engine.cache).used


def assert_same(ours: Outcome, theirs: Outcome) -> None:
    for mine, other in zip(ours.jobs, theirs.jobs, strict=True):
        assert other.finished_s >= 0, f"job {other.index} never ended"
        for name in ("arrived_s", "started_s", "first_s", "finished_s"):
            one_s, other_s = getattr(mine, name), getattr(other, name)
            assert close(one_s, other_s), f"job {mine.index}: {name} {one_s!r}, step by step {other_s!r}"
        assert (mine.cached, mine.preemptions) == (other.cached, other.preemptions), f"job {mine.index}"
    assert ours.engine.steps == theirs.engine.steps
    assert ours.engine.preemptions == theirs.engine.preemptions
    assert close(ours.engine.busy_s, theirs.engine.busy_s)
    assert used(ours) == used(theirs) == 0


TRIED = settings(
    max_examples=300, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@TRIED
@given(programs())
def test_random_programs_end_as_step_by_step(program: Program) -> None:
    assert_same(serve(program), serve(program, ExactEngine))


def test_random_programs_in_little_memory_end_as_step_by_step(record_property: Callable[[str, object], None]) -> None:
    preempted: list[int] = []

    @TRIED
    @given(programs(tight=True))
    def compare(program: Program) -> None:
        ours = serve(program)
        assert_same(ours, serve(program, ExactEngine))
        preempted.append(ours.engine.preemptions)

    compare()
    record_property("programs that preempt", f"{sum(map(bool, preempted))} of {len(preempted)}")
    assert sum(map(bool, preempted)) >= 0.25 * len(preempted)


SECOND_STEPS = ZERO | {"fixed_s": 1.0}


@pytest.mark.parametrize("at_s", [2.0, 5.0, 7.0])
def test_an_arrival_as_a_step_ends_joins_then_or_a_step_later(at_s: float) -> None:
    # Both are right: within an instant only SimPy's order of events says who is first. The jump takes the step as
    # over, so the call finds the next one begun; step by step an arrival that was planned early is first.
    def first_s(kind: type[Engine] | type[ExactEngine], moment_s: float) -> float:
        return serve(Program((Ask(0.0, 4, 10), Ask(moment_s, 4, 2)), SECOND_STEPS), kind).jobs[1].first_s

    for kind in (Engine, ExactEngine):
        assert first_s(kind, at_s - 1e-6) == at_s + 1
        assert first_s(kind, at_s + 1e-6) == at_s + 2
        assert first_s(kind, at_s) in (at_s + 1, at_s + 2)


@pytest.mark.parametrize("ahead", [False, True])
def test_arrivals_at_one_instant_are_no_tie(ahead: bool) -> None:
    # The first begins a step at once, alone; the others are taken in as it ends, in order.
    asks = tuple(Ask(0.0, 5, output) for output in (4, 1, 3, 1))
    program = Program(asks, SECOND_STEPS, EngineSettings(max_num_seqs=3, schedules_ahead=ahead))
    ours, theirs = serve(program), serve(program, ExactEngine)
    assert_same(ours, theirs)
    assert [job.started_s for job in ours.jobs][:3] == [0.0, 1.0, 1.0]


def test_scheduling_ahead_a_full_token_budget_admits_as_step_by_step() -> None:
    # Decoding takes four tokens of eight a sequence, so two sequences fill the budget. Both end with the fifth step,
    # as which begins the third call is taken in for the sixth.
    settings = EngineSettings(
        max_num_seqs=8, max_batched_tokens=8, schedules_ahead=True,
        speculative=SpeculativeDecoding(draft_tokens=3, acceptance=0.5),
    )  # fmt: skip
    program = Program((Ask(0.0, 1, 5), Ask(0.0, 4, 3), Ask(0.0, 1, 1)), SECOND_STEPS, settings)
    assert_same(serve(program), serve(program, ExactEngine))


def test_scheduling_ahead_who_ends_makes_room_beside_the_last_chunk() -> None:
    # A and B decode beside 25 tokens of prompt in chunks of 8; both end with the fourth step, so that the fifth has
    # room for the 9 tokens that are left and for one more: the fourth call's.
    settings = EngineSettings(max_num_seqs=8, max_batched_tokens=10, schedules_ahead=True)
    asks = (Ask(0.0, 1, 4), Ask(0.0, 1, 2), Ask(0.0, 25, 2), Ask(0.5, 1, 2))
    assert_same(serve(Program(asks, SECOND_STEPS, settings)), serve(Program(asks, SECOND_STEPS, settings), ExactEngine))
