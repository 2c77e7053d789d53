"""Answers that come otherwise than one token a step: drafts, blocks, grammars; and models that keep no context."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.clock.dice import dice
from commissure.hal.profiles.chip import chips
from commissure.hal.profiles.model import Diffusion, Model, models
from commissure.hal.profiles.roofline import roofline
from commissure.hal.profiles.serving import EngineSettings, SpeculativeDecoding
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.decoding import Constraint, Decoding, accepted
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache
from tests.support.engines import ZERO, quantity
from tests.support.servers import Desk

DRAFTS = [(0.5, 1), (0.8, 4), (0.3, 3), (0.95, 8)]


def build(
    env: simpy.Environment,
    *,
    draft: SpeculativeDecoding | None = None,
    model: Model | None = None,
    constrain: Callable[[Job], Constraint | None] | None = None,
    block: int = 1,
    values: dict[str, float] | None = None,
) -> tuple[Decoding, Engine]:
    """Steps of one second, unless `values` says otherwise, and room for everybody."""
    chosen = EngineSettings(speculative=draft)
    cost = StepCost(ZERO | (values or {"fixed_s": 1.0}), chosen, None, block)
    engine = Engine(env, cost, chosen, PrefixCache(math.inf, 16, 16))
    return Decoding(env, engine, chosen, model, dice("a test"), constrain), engine


def steps_drawn(tokens: int, p: float, most: int, calls: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Brute force: each step accepts drafts until one is rejected, and adds one token more."""
    stream = Random(f"{tokens}/{p}/{most}")
    drawn = []
    for _ in range(calls):
        left, steps = tokens, 0
        while left > 0:
            number = 0
            while number < most and stream.random() < p:
                number += 1
            left -= number + 1
            steps += 1
        drawn.append(steps)
    return np.array(drawn)


def steps_modelled(tokens: int, p: float, most: int, calls: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    server, _ = build(simpy.Environment(), draft=SpeculativeDecoding(draft_tokens=most, acceptance=p))
    jobs = [Job(10, tokens + 1) for _ in range(calls)]
    for job in jobs:
        server.submit(job)
    return np.array([job.left for job in jobs])


@pytest.mark.parametrize(("p", "most"), DRAFTS)
def test_tokens_a_step_are_a_geometric_number_cut_off_and_one(p: float, most: int) -> None:
    mean, variance = accepted(SpeculativeDecoding(draft_tokens=most, acceptance=p))
    assert mean == pytest.approx(sum(p**power for power in range(most + 1)))
    stream = Random(3)
    drawn = [next((n for n in range(most) if stream.random() >= p), most) + 1 for _ in range(40_000)]
    assert mean == pytest.approx(np.mean(drawn), abs=4 * math.sqrt(variance / len(drawn)))
    assert variance == pytest.approx(np.var(drawn), rel=0.05)


@pytest.mark.parametrize(("p", "most"), DRAFTS)
def test_steps_of_a_call_are_those_of_drawn_acceptances(p: float, most: int) -> None:
    """The mean lacks what the last step has too many, which renewal theory puts below half a step."""
    calls, tokens = 3000, 400
    brute, modelled = steps_drawn(tokens, p, most, calls), steps_modelled(tokens, p, most, calls)
    error = 4 * math.sqrt((brute.var() + modelled.var()) / calls)
    assert -error <= brute.mean() - modelled.mean() <= 0.5 + error
    assert modelled.var() == pytest.approx(brute.var(), rel=0.2)


@pytest.mark.parametrize(("p", "most"), [(0.0, 3), (1.0, 3)])
def test_certain_acceptances_leave_nothing_to_chance(p: float, most: int) -> None:
    for tokens in (1, 2, 4, 7, 100):
        steps = tokens if p == 0.0 else math.ceil(tokens / (most + 1))
        assert set(steps_modelled(tokens, p, most, 20)) == {steps}


@settings(derandomize=True)
@given(st.integers(1, 500), st.floats(0, 1), st.integers(1, 8))
def test_steps_are_possible_ones(tokens: int, p: float, most: int) -> None:
    steps = steps_modelled(tokens, p, most, 5)
    assert steps.min() >= math.ceil(tokens / (most + 1))
    assert steps.max() <= tokens


@pytest.mark.parametrize(("p", "most"), DRAFTS)
def test_drafts_speed_up_by_the_mean_over_the_cost_of_a_step(p: float, most: int) -> None:
    draft = SpeculativeDecoding(draft_tokens=most, acceptance=p, step_factor=1.25)
    seconds = []
    for number in range(60):
        env = simpy.Environment()
        server, _ = build(env, draft=draft)
        server._stream.seed(number)
        desk = Desk(env)
        job = desk.send(0, server, Job(10, 1001))
        desk.run()
        assert job.first_s == 1.25
        seconds.append(job.finished_s - job.first_s)
    mean, variance = accepted(draft)
    error = 4 * 1.25 * math.sqrt(1000 * variance / mean**3 / len(seconds))
    assert 1000 / (sum(seconds) / len(seconds)) == pytest.approx(mean / 1.25, rel=error / (1000 * 1.25 / mean) + 1e-3)


def test_a_step_with_drafts_computes_their_tokens_too() -> None:
    env = simpy.Environment()
    draft = SpeculativeDecoding(draft_tokens=3, acceptance=0.0)
    server, _ = build(env, draft=draft, values={"token_s": 0.5})
    desk = Desk(env)
    desk.send(0, server, Job(10, 3))
    assert desk.run() == [10 * 0.5 + 2 * 4 * 0.5]


def diffusing(block_tokens: int, steps: int) -> Model:
    parts = Diffusion(block_tokens=quantity(block_tokens), steps_per_block=quantity(steps))
    return Model(name="d", kind="diffusion", diffusion=parts)


@pytest.mark.parametrize(
    ("output", "first_s", "last_s"), [(1, 6, 6), (8, 6, 6), (9, 6, 11), (16, 6, 11), (17, 6, 16), (80, 6, 51)]
)
def test_blocks_by_hand(output: int, first_s: float, last_s: float) -> None:
    """A second for the prompt, then five for each block of eight tokens; the first block shows the first."""
    env = simpy.Environment()
    server, engine = build(env, model=diffusing(8, 5), block=8)
    desk, shown = Desk(env), list[float]()
    job = desk.send(0, server, Job(10, output))
    job.on_first = lambda _: shown.append(env.now)
    assert desk.run() == [last_s]
    assert (job.first_s, shown) == (first_s, [first_s])
    assert engine.steps == last_s


def test_a_step_computes_a_whole_block() -> None:
    env = simpy.Environment()
    server, _ = build(env, model=diffusing(8, 5), block=8, values={"token_s": 0.5})
    desk = Desk(env)
    desk.send(0, server, Job(10, 9))
    assert desk.run() == [10 * 0.5 + 2 * 5 * 8 * 0.5]


def test_a_grammar_is_compiled_before_the_call_is_admitted() -> None:
    env = simpy.Environment()
    server, engine = build(env, constrain=lambda job: Constraint(compile_s=2.5) if job.index else None)
    desk = Desk(env)
    free, bound = desk.send(0, server, Job(10, 5)), desk.send(0, server, Job(10, 5, index=1))
    desk.run()
    # The bound call joins at the next step's beginning.
    assert (free.started_s, free.finished_s) == (0, 5)
    assert (bound.started_s, bound.first_s, bound.finished_s) == (3, 4, 8)
    assert not engine.running


@pytest.mark.parametrize("how", ["drop", "lose"])
def test_a_call_can_leave_while_its_grammar_is_compiled(how: str) -> None:
    env = simpy.Environment()
    server, engine = build(env, constrain=lambda _: Constraint(compile_s=2.5))
    desk = Desk(env)
    job = desk.send(0, server, Job(10, 5))
    if how == "drop":
        desk.drop(1, server, job)
    else:
        desk.lose(1, server)
    desk.run()
    assert (desk.dropped if how == "drop" else desk.lost) == [job]
    assert desk.ended == []
    assert engine.steps == 0


@pytest.mark.parametrize(("share", "steps"), [(0.0, 20), (0.25, 15), (0.5, 10), (1.0, 0)])
def test_forced_tokens_take_no_step(share: float, steps: int) -> None:
    env = simpy.Environment()
    server, engine = build(env, constrain=lambda _: Constraint(forced_share=share))
    desk = Desk(env)
    desk.send(0, server, Job(10, 21))
    assert desk.run() == [1 + steps]
    assert engine.steps == 1 + steps
    assert engine.memory.cache.used == 0


@pytest.mark.parametrize(
    ("mask_s", "overlaps", "step_s"), [(0.25, False, 1.25), (0.25, True, 1.0), (1.5, True, 1.5), (1.5, False, 2.5)]
)
def test_masks_are_hidden_behind_the_step_or_added_to_it(mask_s: float, overlaps: bool, step_s: float) -> None:
    env = simpy.Environment()
    server, _ = build(env, constrain=lambda _: Constraint(mask_s=mask_s, overlaps=overlaps))
    desk = Desk(env)
    job = desk.send(0, server, Job(10, 5))
    assert desk.run() == [pytest.approx(1 + 4 * step_s)]
    assert job.first_s == 1


def test_the_masks_of_a_batch_add_up_on_one_processor() -> None:
    env = simpy.Environment()
    server, _ = build(env, constrain=lambda _: Constraint(mask_s=0.4))
    desk = Desk(env)
    for _ in range(3):
        desk.send(0.5, server, Job(10, 11))
    first, *others = desk.run()
    # The first prompt from 0.5 to 1.5, the others' to 2.5 beside one mask, which hides. Then three masks take 1.2 s a
    # step, nine times; the first has its ten then, and the others' last step hides their two masks.
    assert first == pytest.approx(2.5 + 9 * 1.2)
    assert others == pytest.approx([first + 1.0] * 2)


def test_constraints_and_drafts_go_together() -> None:
    env = simpy.Environment()
    draft = SpeculativeDecoding(draft_tokens=3, acceptance=1.0)
    server, _ = build(env, draft=draft, constrain=lambda _: Constraint(forced_share=0.5))
    desk = Desk(env)
    desk.send(0, server, Job(10, 41))
    assert desk.run() == [1 + 20 / 4]


def decode_s(model: str, prompt: int) -> float:
    """Seconds of 100 steps behind a prompt, by the roofline."""
    env = simpy.Environment()
    values = roofline(chips()["nvidia-h100"], models()[model], chips=8).values()
    chosen = EngineSettings(max_batched_tokens=1 << 20)
    engine = Engine(env, StepCost(values, chosen), chosen, PrefixCache(math.inf, 16, 16))
    desk = Desk(env)
    job = desk.send(0, engine, Job(prompt, 101))
    desk.run()
    return job.finished_s - job.first_s


def test_without_kv_a_step_costs_the_same_at_every_length() -> None:
    assert decode_s("mamba2-2.7b", 100_000) == pytest.approx(decode_s("mamba2-2.7b", 10), rel=1e-9)


def test_a_hybrid_grows_by_the_layers_that_attend_and_less_than_a_dense_model() -> None:
    hybrid = decode_s("nemotron-h-56b", 100_000) - decode_s("nemotron-h-56b", 10)
    dense = decode_s("llama-3.3-70b", 100_000) - decode_s("llama-3.3-70b", 10)
    small, large = (models()[name].kv_bytes_per_token for name in ("nemotron-h-56b", "llama-3.3-70b"))
    assert small is not None
    assert large is not None
    assert hybrid > 0
    ratio = small.value / large.value
    assert hybrid / dense == pytest.approx(ratio, rel=1e-6)
