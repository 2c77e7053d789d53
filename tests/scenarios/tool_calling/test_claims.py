"""The claims' verdicts follow from their inputs, and their inputs are computed or measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.scenarios.scenario import Claim
from commissure.scenarios.tool_calling.decoding.claimed import BATCH, CPU_SHARE, KERNEL_US, SCENARIO_NAME, SPEEDUP
from commissure.scenarios.tool_calling.decoding.cpu_claims import (
    MODELS,
    cpu_share_claim,
    cpu_shares,
    growth_claim,
    sampler_share,
    speedup_claim,
    untestable,
)  # fmt: skip
from commissure.scenarios.tool_calling.decoding.cpu_steps import (
    APPLICATION,
    PARTS,
    SELECTION,
    WHOLE,
    CpuSteps,
    cpu_steps,
)
from commissure.scenarios.tool_calling.decoding.kernel_claims import kernel_claim, share_claim
from commissure.scenarios.tool_calling.decoding.kernel_costs import ALONE, RESIDENT, STREAMED, KernelCosts, kernel_costs
from tests.scenarios.tool_calling.vocabularies import installed

STEP_US = 20_000.0
times_us = st.floats(0.01, 1e4)


def kernel(streamed_us: float, resident_us: float = 0.0, step_us: float = STEP_US) -> KernelCosts:
    found = {RESIDENT: resident_us, STREAMED: streamed_us, ALONE: 50.0}
    return KernelCosts({design: {1: us, BATCH: us} for design, us in found.items()}, 4.0, step_us, "made up")


def cpu(first_s: float, last_s: float) -> CpuSteps:
    seconds = {part: {1: first_s, 8: (first_s + last_s) / 2, BATCH: last_s} for part in PARTS}
    return CpuSteps(seconds, "llama3", 128_256, "a made-up machine")


def holds(claim: Claim) -> bool:
    assert claim.id.startswith(f"{SCENARIO_NAME}/")
    assert claim.verdict in ("reproduced", "not reproduced")
    return claim.verdict == "reproduced"


@given(times_us, times_us)
def test_both_fused_readings_have_to_stay_within_the_claim(streamed_us: float, resident_us: float) -> None:
    claim = kernel_claim(kernel(streamed_us, resident_us), 66.0)
    assert holds(claim) == (max(streamed_us, resident_us) <= 1.05 * min(KERNEL_US.values()))
    assert claim.sim[f"{STREAMED}, batch 64, us"] == streamed_us


@given(times_us, st.floats(100, 1e6), st.floats(100, 1e6))
def test_the_share_has_to_hold_on_one_chip_and_on_twelve(us: float, chip_us: float, cluster_us: float) -> None:
    claim = share_claim(kernel(us, step_us=chip_us), kernel(us, step_us=cluster_us))
    assert holds(claim) == (us / min(chip_us, cluster_us) < 1e-4)


@given(st.floats(1e-5, 1e-1), times_us)
def test_the_speed_up_is_the_whole_step_over_the_streamed_kernel(cpu_s: float, us: float) -> None:
    claim = speedup_claim(kernel(us), cpu(1e-5, cpu_s))
    assert claim.sim[f"{WHOLE} / {STREAMED}"] == pytest.approx(cpu_s * 1e6 / us)
    assert holds(claim) == (cpu_s * 1e6 / us >= 0.95 * SPEEDUP)
    assert f"{RESIDENT}: nothing is added" in claim.why


@given(st.floats(1e-6, 1e-3), st.floats(1e-5, 1))
def test_growth(first_s: float, last_s: float) -> None:
    assert holds(growth_claim(cpu(first_s, last_s))) == (last_s / first_s > 100)


@given(st.floats(1e-4, 1e-1))
def test_the_processors_share_lies_between_the_models_or_not(last_s: float) -> None:
    steps = cpu(1e-5, last_s)
    small, large = (cpu_shares(model, steps)[BATCH] for model in MODELS)
    assert 0 < large < small < 1
    assert holds(cpu_share_claim(steps, None)) == (large <= CPU_SHARE <= small)


def test_without_a_vocabulary_nothing_is_measured() -> None:
    assert [(claim.verdict, claim.sim, claim.live) for claim in untestable()] == [("not testable", None, None)] * 3


def test_the_newest_live_run_with_and_without_a_grammar_is_told() -> None:
    def leg(run: str, policy: str, token_s: float, world: str = "live") -> dict[str, object]:
        pace = {"local": {"median_token_s": token_s}}
        return {"scenario": SCENARIO_NAME, "world": world, "settings": {"batch": 1}, "run_dir": run, "policy": policy,
                "pace": pace}  # fmt: skip

    older = [leg("a", "free", 1.0), leg("a", "cpu", 10.0)]
    newer = [leg("b", "free", 3.0), leg("b", "cpu", 4.0)]
    assert sampler_share([*older, *newer, leg("c", "cpu", 9.0)]) == {"local": 0.25}
    assert sampler_share([leg("a", "free", 1.0), leg("a", "cpu", 2.0, world="sim")]) is None
    assert sampler_share([]) is None


def test_the_kernels_costs_are_scheduled() -> None:
    few, many = (kernel_costs(8192, cores, hidden=1024) for cores in (1, 4))
    for costs in (few, many):
        assert costs.added_us[RESIDENT][BATCH] <= costs.added_us[STREAMED][BATCH]
        assert costs.added_us[ALONE][1] < costs.added_us[ALONE][BATCH]
        assert costs.share(STREAMED, 1) == costs.added_us[STREAMED][1] / costs.step_us
    assert many.added_us[STREAMED][1] < few.added_us[STREAMED][1]
    assert many.step_us == pytest.approx(few.step_us / 4)


def test_the_processor_is_measured() -> None:
    installed("smollm2")
    found = cpu_steps("smollm2", 65_536, batches=(1, 32), rounds=7)
    assert found.tokens == 65_536
    for part in PARTS:
        assert found.seconds[part][1] > 0
    # Rows of logits are work in themselves, their numbers a look-up.
    assert found.growth(APPLICATION) > 2 * found.growth(SELECTION)

    assert found.seconds[SELECTION][32] < 0.5 * found.seconds[WHOLE][32]
