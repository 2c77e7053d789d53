"""The serving engine on examples small enough to work out by hand. A step takes one second unless said otherwise."""

from functools import partial
from typing import Any

import pytest
import simpy

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.exact import ExactEngine
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.jump import Engine
from tests.support.engines import ZERO, Ask, EngineKind, Program, build, experts, serve, times

FIXED = ZERO | {"fixed_s": 1.0}
both = pytest.mark.parametrize("kind", [Engine, ExactEngine], ids=["jump", "exact"])


def near(*rows: tuple[float, float, float]) -> Any:
    return [pytest.approx(row) for row in rows]


def new_engine(settings: EngineSettings | None = None, **rest: Any) -> tuple[simpy.Environment, Engine]:
    env = simpy.Environment()
    engine = build(Engine, env, Program((), rest.pop("values", FIXED), settings or EngineSettings(), **rest))
    assert isinstance(engine, Engine)
    return env, engine


@both
def test_one_job_alone(kind: EngineKind) -> None:
    # Prefill of 10: 1 + 10 x 0.1 + 0.5 + 10 x 0.01 + 10 x (0 + 10 / 2) x 0.001 = 2.65 s. Then two tokens, each
    # 1 + 0.1 + 0.5 plus the KV read, 11 and 12 tokens: 1.71 and 1.72 s.
    values = ZERO | {
        "fixed_s": 1.0, "token_s": 0.1, "sequence_s": 0.5, "kv_token_s": 0.01, "attention_s": 0.001,
    }  # fmt: skip
    done = serve(Program((Ask(0.0, 10, 3),), values), kind)
    (job,) = done.jobs
    assert times([job]) == near((0.0, 2.65, 6.08))
    assert done.engine.steps == 3
    assert done.engine.busy_s == pytest.approx(6.08)


@both
def test_two_jobs_share_steps(kind: EngineKind) -> None:
    # A step costs 1 + 0.1 a token. Alone: prefill of 10 from 0 to 2. Then one step with B's prompt of 20:
    # 1 + 0.1 x 21 = 3.1. Then together 1.2 a step: A has two more tokens to say, B one.
    done = serve(Program((Ask(0.0, 10, 4), Ask(0.0, 20, 2)), FIXED | {"token_s": 0.1}), kind)
    a, b = done.jobs
    assert times([a, b]) == near((0.0, 2.0, 2.0 + 3.1 + 1.2 + 1.1), (2.0, 5.1, 6.3))


@both
def test_a_long_prompt_is_computed_in_chunks_beside_a_decode(kind: EngineKind) -> None:
    # Budget 10: A decodes one token a step, so 25 tokens of prompt take chunks of 9, 9 and 7. A chunk c behind x
    # costs c (x + c / 2) pairs at 0.01 s: 9 x 4.5, 9 x 13.5 and 7 x 21.5.
    settings = EngineSettings(max_num_seqs=4, max_batched_tokens=10)
    done = serve(Program((Ask(0.0, 2, 9), Ask(0.0, 25, 2)), FIXED | {"attention_s": 0.01}, settings), kind)
    a, b = done.jobs
    first = 1 + 2 * 1 * 0.01
    chunks = [1 + 0.405, 1 + 1.215, 1 + 1.505]
    assert a.first_s == pytest.approx(first)
    assert b.started_s == pytest.approx(first)
    assert b.first_s == pytest.approx(first + sum(chunks))
    assert b.finished_s == pytest.approx(first + sum(chunks) + 1)
    assert a.finished_s == pytest.approx(first + sum(chunks) + 5)


@both
def test_an_arrival_is_taken_in_as_the_step_in_progress_ends(kind: EngineKind) -> None:
    # A is in its fourth step at 3.25; B's prompt is computed in the fifth.
    done = serve(Program((Ask(0.0, 4, 10), Ask(3.25, 4, 3)), FIXED), kind)
    assert times(done.jobs) == [(0.0, 1.0, 10.0), (4.0, 5.0, 7.0)]


@both
def test_places_are_limited(kind: EngineKind) -> None:
    # Two places: C waits for B, which ends at 3 (it joined at 1), D for A and C.
    settings = EngineSettings(max_num_seqs=2)
    asks = (Ask(0.0, 4, 5), Ask(0.0, 4, 2), Ask(0.0, 4, 2), Ask(0.0, 4, 1))
    done = serve(Program(asks, FIXED, settings), kind)
    assert times(done.jobs) == [(0.0, 1.0, 5.0), (1.0, 2.0, 3.0), (3.0, 4.0, 5.0), (5.0, 6.0, 6.0)]


@both
@pytest.mark.parametrize(("caching", "cached_again"), [(True, 8), (False, 0)])
def test_the_latest_is_preempted_and_what_it_had_computed_is_remembered(
    kind: EngineKind, caching: bool, cached_again: int
) -> None:
    # Five blocks of four. A: 4 tokens, 1 block. At 1 B joins: 7 tokens, 2 blocks; B's prefill is over at 2.
    # Steps are numbered by their start. Before step 1 A holds 4, so step 1 takes its 2nd block; B's 8th token is
    # written in step 2 and its 9th in step 3, which takes its 3rd: all five are in use. A's 9th is written in
    # step 5: no block is free, so B, the latest, leaves. It held 7 + 3 = 10 tokens, of which two whole blocks are
    # remembered (if prefixes are); with the token it had last shown it is now a prompt of 11, three blocks.
    # A ends with its 10th token, at 10: in KV it holds 4 + 9 = 13, four blocks, so B's three do not fit beside it.
    # Its remembered blocks go one by one as A grows: in step 5 A takes its 3rd block, two are free. In step 9 A
    # takes its 4th, one is left, and the deeper of B's two goes.
    settings = EngineSettings(max_num_seqs=4, block_tokens=4, prefix_caching=caching)
    values = FIXED | {"token_s": 0.1}
    done = serve(Program((Ask(0.0, 4, 10), Ask(0.0, 7, 6)), values, settings, capacity=5, unit_tokens=4), kind)
    a, b = done.jobs
    assert (a.preemptions, b.preemptions) == (0, 1)
    assert b.todo == 11
    assert b.left == 1
    # 1.4; B's prefill with A 1.8; three steps of both 1.2; five of A alone 1.1; then B again: 11 tokens less what
    # is remembered of them, and its last token.
    a_s = 1.4 + 1.8 + 3 * 1.2 + 5 * 1.1
    assert a.finished_s == pytest.approx(a_s)
    left_here = min(cached_again, 4)
    assert b.finished_s == pytest.approx(a_s + 1 + 0.1 * (11 - left_here) + 1.1)
    assert b.started_s == pytest.approx(1.4)
    assert b.first_s == pytest.approx(3.2)
    assert b.cached == 0


@both
def test_the_latest_leaves_first_and_the_one_before_it_comes_back_first(kind: EngineKind) -> None:
    # Twelve blocks of one token; prompts of two. A is alone in step 0, which begins at 0; B and C join in step 1:
    # 3 + 2 + 2 blocks. Step 2: 10. Step 3 would need 13: C leaves with 3, and A and B hold 9. Step 4: 11. Step 5
    # would need 13: B leaves with 5, and A holds 7. B is now a prompt of 6, C behind it of 4: beside A, C would fit
    # in step 6, but B is first. A ends at 10; then both are computed again in step 10, and say their last token in
    # step 11, which fills memory.
    asks = (Ask(0.0, 2, 10), Ask(0.0, 2, 6), Ask(0.0, 2, 4))
    settings = EngineSettings(block_tokens=1, prefix_caching=False)
    env = simpy.Environment()
    engine = build(kind, env, Program(asks, FIXED, settings, capacity=12, unit_tokens=1))
    _, b, c = jobs = [ask.job() for ask in asks]
    for job in jobs:
        engine.submit(job)
    for until_s, waiting in ((2.5, []), (3.5, [c]), (4.5, [c]), (5.5, [b, c]), (9.5, [b, c]), (10.5, [])):
        env.run(until=until_s)
        assert list(engine.waiting) == waiting
    env.run()
    assert [job.preemptions for job in jobs] == [0, 1, 1]
    assert times(jobs) == [(0.0, 1.0, 10.0), (1.0, 2.0, 12.0), (1.0, 2.0, 12.0)]


@both
def test_a_known_prefix_is_not_computed_again(kind: EngineKind) -> None:
    # Units of 16: the second prompt of 50 shares two with the first, 32 tokens; 18 are left at 0.1 s.
    asks = (Ask(0.0, 40, 1, (1, 2)), Ask(100.0, 50, 1, (1, 2, 3)), Ask(200.0, 32, 1, (1, 2)))
    done = serve(Program(asks, FIXED | {"token_s": 0.1}), kind)
    assert [job.cached for job in done.jobs] == [0, 32, 16]  # of a prompt that is known whole, the last unit is not
    took = [job.finished_s - job.arrived_s for job in done.jobs]
    assert took == pytest.approx([5.0, 2.8, 2.6])


@both
def test_kept_prefixes_leave_when_room_is_needed_the_least_recent_first(kind: EngineKind) -> None:
    # Four blocks of 16. The prefixes (1), (2), (3) are kept in turn; the call of 40 tokens needs three blocks, one
    # was never used: 1 and 2 go, 3 stays.
    settings = EngineSettings(block_tokens=16)
    asks = (
        Ask(0.0, 16, 1, (1,)), Ask(10.0, 16, 1, (2,)), Ask(20.0, 16, 1, (3,)), Ask(30.0, 40, 1),
        Ask(40.0, 17, 1, (3,)), Ask(50.0, 17, 1, (2,)),
    )  # fmt: skip
    done = serve(Program(asks, FIXED, settings, capacity=4), kind)
    assert [job.cached for job in done.jobs] == [0, 0, 0, 0, 16, 0]


@both
def test_without_prefix_caching_nothing_is_shared(kind: EngineKind) -> None:
    asks = (Ask(0.0, 32, 1, (1, 2)), Ask(10.5, 32, 1, (1, 2)))
    done = serve(Program(asks, FIXED, EngineSettings(prefix_caching=False)), kind)
    assert [job.cached for job in done.jobs] == [0, 0]


@both
def test_reserving_admits_what_fits_at_its_full_length(kind: EngineKind) -> None:
    # Five blocks of four. A at full length holds 4 + 9 tokens: four blocks. B, 4 + 3, needs two: it waits for A's
    # end at 10. Growing, both are admitted at 1, and B has ended at 5, when A has three blocks.
    asks = (Ask(0.0, 4, 10), Ask(0.0, 4, 4))
    ends = {}
    for admission in ("reserve", "grow"):
        settings = EngineSettings.model_validate({"block_tokens": 4, "admission": admission})
        done = serve(Program(asks, FIXED, settings, capacity=5, unit_tokens=4), kind)
        assert done.engine.preemptions == 0
        ends[admission] = times(done.jobs)
    assert ends["reserve"] == [(0.0, 1.0, 10.0), (10.0, 11.0, 14.0)]
    assert ends["grow"] == [(0.0, 1.0, 10.0), (1.0, 2.0, 5.0)]


@both
def test_scheduling_ahead_a_joiner_comes_a_step_later(kind: EngineKind) -> None:
    # B arrives in A's fourth step, while the fifth is already decided: it is chosen as that begins, at 4, and
    # computed in the sixth.
    settings = EngineSettings(schedules_ahead=True)
    done = serve(Program((Ask(0.0, 4, 10), Ask(3.25, 4, 3)), FIXED, settings), kind)
    assert times(done.jobs) == [(0.0, 1.0, 10.0), (4.0, 6.0, 8.0)]


@both
def test_experts_cost_by_the_share_that_is_read(kind: EngineKind) -> None:
    # Of 4 experts a token activates 1: n tokens read 1 - 0.75 ^ n of them. Prefill of 2: 0.4375, a decode: 0.25.
    done = serve(Program((Ask(0.0, 2, 2),), FIXED | {"experts_s": 8.0}, experts=experts(4, 1)), kind)
    assert times(done.jobs) == [(0.0, 1 + 8 * 0.4375, 2 + 8 * 0.4375 + 8 * 0.25)]
    dense = serve(Program((Ask(0.0, 2, 2),), FIXED | {"experts_s": 8.0}), kind)
    assert times(dense.jobs) == [(0.0, 1.0, 2.0)]


@both
def test_hidden_tokens_cost_nothing_of_their_own(kind: EngineKind) -> None:
    # The first 8 tokens of each step are hidden: of a prompt of 10 two cost 0.5 each, of a decode none does.
    done = serve(Program((Ask(0.0, 10, 3),), FIXED | {"token_s": 0.5, "hidden_tokens": 8.0}), kind)
    assert times(done.jobs) == [(0.0, 2.0, 4.0)]


@both
@pytest.mark.parametrize(
    ("mask_s", "overlaps", "step_s"), [(0.5, False, 1.5), (0.5, True, 1.0), (3.0, True, 3.0), (3.0, False, 4.0)]
)
def test_a_mask_is_in_the_way_or_beside(kind: EngineKind, mask_s: float, overlaps: bool, step_s: float) -> None:
    # One mask for each of the two tokens after the first.
    done = serve(Program((Ask(0.0, 4, 3, mask_s=mask_s, mask_overlaps=overlaps),), FIXED), kind)
    assert times(done.jobs) == [(0.0, 1.0, 1.0 + 2 * step_s)]


@both
def test_overlapping_masks_are_made_one_after_another(kind: EngineKind) -> None:
    # From 2 on both decode; their masks, 0.6 s each on one processor, take longer than the step: 1.2 s.
    asks = tuple(Ask(0.0, 4, 3, mask_s=0.6, mask_overlaps=True) for _ in range(2))
    done = serve(Program(asks, FIXED), kind)
    assert times(done.jobs) == near((0.0, 1.0, 3.2), (1.0, 2.0, 4.2))


@both
def test_ready_tokens_are_not_computed(kind: EngineKind) -> None:
    # 8 of 10 come with their state; of a prompt that is ready whole the last token is computed, for the first answer.
    for ready, first_s in ((0, 2.0), (8, 1.2), (10, 1.1)):
        done = serve(Program((Ask(0.0, 10, 1, ready_tokens=ready),), FIXED | {"token_s": 0.1}), kind)
        assert done.jobs[0].first_s == pytest.approx(first_s)


@both
def test_several_tokens_a_step_and_a_later_first(kind: EngineKind) -> None:
    # 9 tokens after the prefill's in 3 steps, shown from the second step on. KV grows by 3 a step: 7, 10, 13.
    done = serve(Program((Ask(0.0, 4, 10, steps=3, first_step=2),), FIXED | {"kv_token_s": 0.1}), kind)
    assert times(done.jobs) == near((0.0, 1.4 + 1.7 + 2.0, 1.4 + 1.7 + 2.0 + 2.3))


def test_events_do_not_grow_with_the_answers() -> None:
    def events(output: int) -> int:
        asks = tuple(Ask(0.3 * number, 20, output) for number in range(5))
        return serve(Program(asks, FIXED)).events

    assert events(10_000) == events(10) <= 5 * 3


def test_an_answer_of_ten_thousand_tokens_ends_when_its_steps_sum_up() -> None:
    # 1 + 0.001 x 20 s, then 9,999 steps that read 21, 22, ... 10,019 tokens.
    done = serve(Program((Ask(0.0, 20, 10_000),), FIXED | {"kv_token_s": 0.001}))
    assert done.jobs[0].finished_s == pytest.approx(10_000 + 0.001 * sum(range(20, 10_020)), rel=1e-12)
    assert done.engine.steps == 10_000


def test_replicas_do_not_touch_each_other() -> None:
    # A list of jobs dealt to two engines in one world gives what each part gives in a world of its own.
    asks = [Ask(0.37 * number, 5 + 7 * number % 40, 1 + 11 * number % 30) for number in range(40)]
    values, settings = FIXED | {"kv_token_s": 0.003, "token_s": 0.01}, EngineSettings(max_num_seqs=3)
    env = simpy.Environment()
    engines = [build(Engine, env, Program((), values, settings)) for _ in range(2)]

    def send(engine: Engine | ExactEngine, event: simpy.Event) -> None:
        engine.submit(event._value)

    together = [ask.job(number) for number, ask in enumerate(asks)]
    for number, (ask, job) in enumerate(zip(asks, together, strict=True)):
        engine = engines[number % 2]
        simpy.Timeout(env, ask.at_s, job).callbacks.append(partial(send, engine))
    env.run()
    for half in range(2):
        alone = serve(Program(tuple(asks[half::2]), values, settings))
        for mine, other in zip(together[half::2], alone.jobs, strict=True):
            assert times([mine])[0] == pytest.approx(times([other])[0], abs=1e-9)


def test_slowing_counts_from_the_end_of_the_step_in_progress() -> None:
    # Three steps of 1 s; at 2.5 it slows to half: the other three take 2 s each.
    env, engine = new_engine()
    job = Job(4, 6)
    engine.submit(job)
    env.run(until=2.5)
    engine.slow(2.0)
    assert engine.step_end() == 3.0
    env.run()
    assert job.finished_s == 9.0
    assert engine.busy_s == 9.0


def test_slowing_in_the_prefill_that_is_taken_with_what_follows() -> None:
    env, engine = new_engine()
    job = Job(4, 3)
    engine.submit(job)
    env.run(until=0.5)
    engine.slow(2.0)
    env.run()
    assert (job.first_s, job.finished_s) == (1.0, 5.0)


def test_cancelling_frees_the_place_at_the_end_of_the_step() -> None:
    env, engine = new_engine(EngineSettings(max_num_seqs=1))
    first, second = Job(4, 50), Job(4, 2)
    engine.submit(first)
    engine.submit(second)
    env.run(until=3.5)
    engine.cancel(first)
    engine.cancel(first)
    env.run()
    assert first.finished_s == NEVER
    assert (second.started_s, second.finished_s) == (4.0, 6.0)
    assert engine.memory.cache.used == 0


def test_cancelling_who_waits_takes_effect_at_once() -> None:
    env, engine = new_engine(EngineSettings(max_num_seqs=1))
    jobs = [Job(4, 5), Job(4, 5), Job(4, 2)]
    for job in jobs:
        engine.submit(job)
    engine.cancel(jobs[1])
    assert list(engine.waiting) == [jobs[2]]
    env.run()
    assert jobs[1].started_s == NEVER
    assert jobs[2].finished_s == 7.0


@pytest.mark.parametrize("comes_s", [1.5, 4.5])
def test_cancelling_who_is_in_the_way_lets_the_next_one_in(comes_s: float) -> None:
    # Ten blocks of four: A takes two, and grows; B needs eight and a bit, and does not fit; C, behind it, would.
    env, engine = new_engine(EngineSettings(block_tokens=4), capacity=10, unit_tokens=4)
    long, large, small = Job(8, 20), Job(30, 5), Job(4, 2)
    engine.submit(long)
    env.run(until=0.5)
    engine.submit(large)
    if comes_s < 3.5:
        env.run(until=comes_s)
        engine.submit(small)
    env.run(until=3.5)
    engine.cancel(large)
    if comes_s > 3.5:
        env.run(until=comes_s)
        engine.submit(small)
    env.run()
    assert small.started_s == (4.0 if comes_s < 3.5 else 5.0)


def test_a_lost_engine_gives_its_jobs_back_and_serves_on() -> None:
    env, engine = new_engine(EngineSettings(max_num_seqs=2, block_tokens=4), capacity=100, unit_tokens=4)
    jobs = [Job(9, 30, (1, 2)), Job(9, 30, (1, 2)), Job(9, 30)]
    for job in jobs:
        engine.submit(job)
    env.run(until=4.5)
    assert engine.evacuate() == jobs
    assert engine.evacuate() == []
    worked = engine.steps, engine.busy_s
    env.run(until=100.5)
    assert (engine.steps, engine.busy_s) == worked
    again = Job(9, 2, (1, 2))
    engine.submit(again)
    env.run()
    assert again.cached == 0  # the prefix was lost
    assert (again.started_s, again.finished_s) == (100.5, 102.5)
    assert all(job.finished_s == NEVER for job in jobs)
    assert engine.memory.cache.used == 0


def test_a_job_lost_in_its_prefill_has_shown_nothing() -> None:
    env, engine = new_engine()
    job = Job(4, 10)
    engine.submit(job)
    env.run(until=0.5)
    engine.evacuate()
    assert job.first_s == NEVER
    assert engine.busy_s <= 0.5


def test_an_engine_emptied_by_whoever_hears_of_an_end_starts_anew() -> None:
    env, engine = new_engine()
    last, other = Job(8, 3), Job(4, 9)
    engine.submit(Job(4, 1))
    engine.submit(Job(8, 1, done=lambda job: engine.evacuate()))
    engine.submit(last)
    env.run()
    assert last.finished_s == NEVER
    engine.submit(other)
    env.run()
    assert other.finished_s == other.arrived_s + 9
