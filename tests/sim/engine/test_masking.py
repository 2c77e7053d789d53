"""What a grammar costs on modelled endpoints: the kernel's mask on Neuron chips, a CPU's elsewhere."""

from collections.abc import Callable

import pytest
import simpy

import commissure as cm
from commissure.hal.profiles.profile import Profile, load_profile
from commissure.hal.profiles.serving import EngineSettings
from commissure.kernels.masking import cpu_mask, neuron_mask
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.decoding import Constraint, Decoding
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.masking import mask_costs, masking_of
from commissure.sim.engine.prefix import PrefixCache
from tests.support.engines import ZERO

OUTPUT = 21
SCHEMA = {"type": "object"}


class Said:
    """Answers of one length, under a grammar or not."""

    def answer(self, call: cm.Call) -> tuple[str, int]:
        return "{}", OUTPUT


def seconds(fleet: str, calls: int, **asked: object) -> float:
    async def work(rt: cm.Runtime, endpoints: cm.OpenFleet) -> None:
        same = cm.Call("x", max_tokens=OUTPUT, **asked)  # type: ignore[arg-type]
        await rt.gather(*(endpoints.generate(same) for _ in range(calls)))

    return cm.run(work, cm.Fleet.load(fleet), seed=1, behaviour=Said()).time_s


def masks_s(each: Callable[[int], float], calls: int, steps: int) -> float:
    """Of calls that come at once: the first has begun when the others join, so they are a step behind it."""
    if calls < 2:
        return calls * steps * each(1)
    return each(1) + (steps - 1) * each(calls) + each(calls - 1)


@pytest.mark.parametrize("calls", [1, 2, 8])
def test_each_step_takes_longer_by_the_masks_of_its_batch(calls: int) -> None:
    added_s = seconds("h100", calls, schema=SCHEMA) - seconds("h100", calls)
    assert added_s == pytest.approx(masks_s(cpu_mask().seconds, calls, OUTPUT - 1))


def test_on_a_neuron_chip_it_is_the_kernels_cost() -> None:
    profile = load_profile("neuron-llama-3.3-70b-aws-trainium2")
    curve = masking_of(profile)
    assert "documented-cost estimate of the fused kernel on 128 x trn2" in curve.basis
    added_s = seconds("trainium", 1, schema=SCHEMA) - seconds("trainium", 1)
    assert added_s == pytest.approx((OUTPUT - 1) * curve.seconds(1), abs=1e-12)
    assert curve.seconds(1) < cpu_mask().seconds(1)
    assert curve.seconds(64) < 1.05 * curve.seconds(1) + 1e-9


def test_a_tool_that_must_be_called_is_a_grammar_too() -> None:
    tools = (cm.Tool("look", parameters=SCHEMA),)
    free = seconds("h100", 1, tools=tools)
    assert seconds("h100", 1, tools=tools, tool_choice="required") == pytest.approx(
        free + (OUTPUT - 1) * cpu_mask().seconds(1)
    )


def served(profile: Profile | None, constraint: Constraint | None, jobs: list[Job]) -> float:
    """Seconds of jobs that decode together in steps of a millisecond."""
    env = simpy.Environment()
    settings = EngineSettings()
    engine = Engine(env, StepCost(ZERO | {"fixed_s": 1e-3}, settings, None, 1), settings, PrefixCache(1e9, 16, 16))
    constrain = (lambda job: constraint if job.constrained else None) if profile is None else mask_costs(profile)
    server = Decoding(env, engine, settings, None, None, constrain)  # type: ignore[arg-type]
    for job in jobs:
        server.submit(job)
    env.run()
    return max(job.finished_s for job in jobs)


def jobs_of(constrained: int, plain: int, output: int = 11) -> list[Job]:
    jobs = [Job(4, output) for _ in range(constrained + plain)]
    for job in jobs[:constrained]:
        job.constrained = True
    return jobs


@pytest.mark.parametrize(("constrained", "plain"), [(0, 5), (1, 5), (4, 0), (64, 0)])
def test_only_those_that_ask_pay_and_what_is_fixed_is_paid_once(constrained: int, plain: int) -> None:
    fixed_s, each_s = 3e-4, 2e-5
    constraint = Constraint(mask_s=each_s, step_s=fixed_s, overlaps=False)
    total_s = served(None, constraint, jobs_of(constrained, plain))
    plain_s = served(None, None, jobs_of(0, constrained + plain))
    assert total_s == pytest.approx(plain_s + masks_s(lambda batch: fixed_s + batch * each_s, constrained, 10))


def test_the_batch_decides_which_chip_masks_cheaper() -> None:
    neuron = load_profile("neuron-llama-3.3-70b-aws-trainium2")
    cpu = load_profile("vllm-llama-3.1-8b-nvidia-h100")
    for batch in (1, 64):
        added_s = served(cpu, None, jobs_of(batch, 0)) - served(neuron, None, jobs_of(batch, 0))
        expected = [masks_s(curve.seconds, batch, 10) for curve in (cpu_mask(), masking_of(neuron))]
        assert added_s == pytest.approx(expected[0] - expected[1])
    assert masking_of(neuron).seconds(64) < cpu_mask().seconds(64) / 1000


def test_more_cores_mask_faster() -> None:
    chip = replace_chips(load_profile("neuron-llama-3.3-70b-aws-trainium2"), 4)
    assert masking_of(chip).seconds(1) > masking_of(replace_chips(chip, 16)).seconds(1)
    assert neuron_mask("trn2", 128, hidden=8192) == masking_of(replace_chips(chip, 16))


def replace_chips(profile: Profile, chips: int) -> Profile:
    return profile.model_copy(update={"chips": chips})
