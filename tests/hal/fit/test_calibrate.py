"""Calibration of a modelled endpoint finds the very coefficients that it was modelled with."""

from dataclasses import replace
from datetime import date

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fit.calibrate import Fit, calibrated, fit, fitted_steps, measure
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.profile import Profile, StepTime
from commissure.hal.profiles.steptime import coefficients, decode_features, prefill_features
from commissure.sim.endpoint import ModelledEndpoint
from commissure.sim.runtime import SimRuntime

FLEET = Fleet.load("local")


def with_steps(**seconds: float) -> Profile:
    profile = FLEET.profiles["local"]
    assert profile.step
    changed = {name: getattr(profile.step, name).model_copy(update={"value": value}) for name, value in seconds.items()}
    return profile.model_copy(update={"step": StepTime.model_validate(profile.step.model_copy(update=changed))})


def calibrate_model(profile: Profile) -> Fit:
    rt = SimRuntime()
    endpoint = ModelledEndpoint(FLEET.specs[0], profile, rt)
    return fit(rt.run(measure, endpoint), "test", date(2026, 1, 1))


@pytest.mark.parametrize(
    "steps",
    [
        {"fixed_s": 0.005, "token_s": 0.002, "kv_token_s": 5e-6, "attention_s": 1e-6, "call_s": 0.004},
        {"fixed_s": 0.02, "token_s": 1e-4, "kv_token_s": 1e-7, "attention_s": 3e-8, "call_s": 0.05},
    ],
)
def test_round_trip(steps: dict[str, float]) -> None:
    found = calibrate_model(with_steps(**steps))
    assert found.calls == 45
    assert found.held_out_calls == 15
    assert found.total_error < 1e-3
    fitted = coefficients(found.step)
    assert fitted[0] + fitted[1] == pytest.approx(steps["fixed_s"] + steps["token_s"], rel=1e-2)
    assert fitted[4] == pytest.approx(steps["call_s"])
    assert calibrated(FLEET.profiles["local"], found.step).step == found.step


def test_a_few_slow_calls_do_not_move_the_fit() -> None:
    rt = SimRuntime()
    endpoint = ModelledEndpoint(FLEET.specs[0], FLEET.profiles["local"], rt)
    samples = rt.run(measure, endpoint)
    clean = fit(samples, "test", date(2026, 1, 1))
    for number in (3, 16, 28):
        reply = samples[number].reply
        timing = reply.timing
        slow = replace(timing, prefill_s=3 * timing.prefill_s, total_s=3 * timing.total_s)
        samples[number] = replace(samples[number], reply=replace(reply, timing=slow))
    noisy = fit(samples, "test", date(2026, 1, 1))
    assert noisy.step.token_s.value == pytest.approx(clean.step.token_s.value, rel=0.03)


def test_too_few_calls_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 12"):
        fit([], "test", date(2026, 1, 1))


def test_features_by_hand() -> None:
    # 700 tokens behind 100: chunks of 512 and 188; context 612 and 800 at their ends.
    assert prefill_features(700, 100) == (2, 700, 100 * 2 + 512 + 700, 700 * (100 + 350), 0.0)
    assert prefill_features(0, 5) == (0, 0, 0.0, 0.0, 0.0)
    assert decode_features(10, 4) == (3, 3, 11 + 12 + 13, 0.0, 0.0)
    assert decode_features(10, 1) == (0, 0, 0.0, 0.0, 0.0)


def test_each_kind_of_call_is_cached_once_and_held_out_once() -> None:
    rt = SimRuntime()
    samples = rt.run(measure, ModelledEndpoint(FLEET.specs[0], FLEET.profiles["local"], rt))
    kinds = [number % 15 for number in range(45)]
    cached = [kind for kind, sample in zip(kinds, samples, strict=True) if sample.reply.usage.cached_tokens > 5]
    held = [kind for kind, sample in zip(kinds, samples, strict=True) if sample.held_out]
    assert sorted(cached) == sorted(held) == list(range(15))
    assert sum(sample.held_out and sample.reply.usage.cached_tokens > 5 for sample in samples) == 5


def test_one_round_is_enough_for_a_quick_fit() -> None:
    rt = SimRuntime()
    profile = with_steps(fixed_s=0.01, token_s=0.001, kv_token_s=0.0, attention_s=0.0, call_s=0.002)
    samples = rt.run(measure, ModelledEndpoint(FLEET.specs[0], profile, rt), lambda: None, 1)
    steps = fitted_steps(samples, "test", date(2026, 1, 1))
    assert len(samples) == 15
    assert steps.fixed_s.value == pytest.approx(0.01, rel=0.02)
    assert steps.token_s.value == pytest.approx(0.001, rel=0.02)
