"""Fits to calls: exact where the calls can tell, and frank where they cannot."""

from datetime import date
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import commissure as cm
from commissure.hal.errors import UsageError
from commissure.hal.fit.fitted import RunFit, split
from commissure.hal.fit.hosted_fit import HostedModel, fit_hosted, median_factors
from commissure.hal.fit.step_fit import CallModel, fit_steps
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import CallRecord
from commissure.hal.profiles.profile import Profile, load_profile
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.words import distinct_text
from tests.support.records import record

TODAY = date(2026, 1, 1)
LOCAL = load_profile("llama_cpp-smollm2-135m-cpu")
H100 = load_profile("vllm-gpt-oss-120b-nvidia-h100")
CLAUDE = load_profile("anthropic-claude-opus-4.5-undisclosed")


def quantity(value: float) -> Quantity:
    return Quantity(value=value, source="a test", as_of=TODAY)


def changed(profile: Profile, part: str, **values: float | None) -> Profile:
    """The profile with other coefficients; None takes one away."""
    update = {name: None if value is None else quantity(value) for name, value in values.items()}
    return profile.model_copy(update={part: getattr(profile, part).model_copy(update=update)})


def simulated(profile: Profile, sizes: list[tuple[int, int]], *, at_once: bool = False) -> list[CallRecord]:
    """Calls of so many words and tokens of an answer to the modelled endpoint, each with a prompt of its own."""

    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        async def one(place: int, words: int, output: int) -> None:
            await fleet.generate(
                cm.Call(distinct_text(words, f"{place}"), max_tokens=output, min_tokens=output, agent=f"{place}")
            )

        work = [one(place, *size) for place, size in enumerate(sizes)]
        if at_once:
            await rt.gather(*work)
        else:
            for each in work:
                await each

    spec = EndpointSpec(
        name="e", provider=profile.provider, model=profile.model, chip=profile.chip, slots=8, slot_tokens=20_000,
        capabilities={"min_tokens": True},
    )  # fmt: skip
    calls = cm.run(workflow, cm.Fleet((spec,), {"e": profile})).calls
    return [call.model_copy(update={"timing": "server"}) for call in calls]


VARIED = [(words, output) for words in (20, 90, 200, 300, 700) for output in (1, 6, 20, 60)]
ALIKE = [(160, 8)] * 18


@pytest.mark.parametrize("profile", [LOCAL, H100, load_profile("vllm-llama-3.1-8b-nvidia-h100")])
def test_a_call_alone_takes_what_the_simulated_engine_takes(profile: Profile) -> None:
    model = CallModel(profile)
    for call in simulated(profile, [*VARIED, (5000, 3)]):
        predicted, measured = model.parts(call)["total"]
        assert predicted == pytest.approx(measured, rel=1e-9)


def test_varied_calls_give_every_coefficient_back() -> None:
    wrong = changed(LOCAL, "step", fixed_s=0.05, token_s=0.0001, kv_token_s=1e-4, attention_s=1e-9, call_s=1.0)
    found = fit_steps(wrong, simulated(LOCAL, VARIED), "a test", TODAY)
    assert LOCAL.step
    for name, value in found.coefficients.items():
        assert value == pytest.approx(LOCAL.step.values()[name], rel=0.02), name
    assert max(found.held_out_errors.values()) < 0.01
    assert found.before > 1.0
    assert found.after < 0.01
    assert (found.calls, found.held_out_calls) == (20, 6)
    assert "each coefficient was identified by itself" in found.notes[0]


@pytest.mark.parametrize(
    ("sizes", "note"),
    [
        (ALIKE, "the calls are too much alike: one factor was identified for what a step reads"),
        (VARIED[:14], "too few calls (10 to fit, 12 needed): one factor was identified for what a step reads"),
        (VARIED[:6], "too few calls (4 to fit, 12 needed): only a common speed factor was identified"),
        ([(160, 1)] * 18, "the calls are too much alike: only a common speed factor was identified"),
    ],
)
def test_what_cannot_be_identified_keeps_the_profiles_ratios(sizes: list[tuple[int, int]], note: str) -> None:
    factor = 3.0
    assert LOCAL.step
    wrong = changed(LOCAL, "step", **{name: factor * value for name, value in LOCAL.step.values().items()
                                      if getattr(LOCAL.step, name)})  # fmt: skip
    found = fit_steps(wrong, simulated(LOCAL, sizes), "a test", TODAY)
    assert note in found.notes[0]
    assert "the profile's own ratios are kept" in found.notes[0]
    for name, value in found.coefficients.items():
        assert value == pytest.approx(LOCAL.step.values()[name], rel=0.03), name
    assert found.before == pytest.approx(factor - 1, rel=0.01)
    assert found.after < 0.01


def test_the_terms_of_a_mixture_of_experts_are_scaled_too() -> None:
    assert H100.step
    fast = {name: value / 2 for name, value in H100.step.values().items() if name.endswith("_s")}
    wrong = changed(H100, "step", **{name: value for name, value in fast.items() if getattr(H100.step, name)})
    found = fit_steps(wrong, simulated(H100, VARIED), "a test", TODAY)
    assert found.after < 0.01 < found.before
    assert found.profile.step
    for name, value in found.profile.step.values().items():
        assert value == pytest.approx(H100.step.values()[name], rel=0.05), name


def test_a_few_calls_that_were_held_up_move_nothing_and_are_counted() -> None:
    calls = [call.model_copy(update={"start_s": 100.0 * call.number}) for call in simulated(LOCAL, VARIED)]
    for place in (1, 9):
        call = calls[place]
        slow = {name: 8 * getattr(call, name) for name in ("prefill_s", "decode_s", "total_s")}
        calls[place] = call.model_copy(update=slow)
    found = fit_steps(LOCAL, calls, "a test", TODAY)
    assert found.coefficients["token_s"] == pytest.approx(0.0023, rel=0.05)
    assert "2 calls took more than 3 times as long" in found.notes[-1]


def test_calls_that_overlap_are_left_out_while_there_are_others() -> None:
    alone = simulated(LOCAL, VARIED)
    later = [call.model_copy(update={"start_s": call.start_s + 1e4, "number": 100 + call.number})
             for call in simulated(LOCAL, VARIED, at_once=True)]  # fmt: skip
    mixed = fit_steps(LOCAL, [*alone, *later], "a test", TODAY)
    assert mixed.calls == 20
    assert "20 calls left out: others were at the endpoint at the same time" in mixed.notes
    assert mixed.after < 0.01
    only = fit_steps(LOCAL, later, "a test", TODAY)
    assert only.coefficients["call_s"] == 0.0047
    assert "calls overlapped at the endpoint" in only.notes[1]


def test_calls_whose_first_token_nobody_saw_are_left_out() -> None:
    calls = simulated(LOCAL, VARIED)
    calls[0] = calls[0].model_copy(update={"timing": "client", "first_s": None, "prefill_s": 0.0})
    assert (
        "1 calls left out: nobody knows when their first token came" in fit_steps(LOCAL, calls, "a test", TODAY).notes
    )


RATES = {"base_s": 0.8, "uncached_token_s": 2e-4, "cached_token_s": 2e-5, "output_token_s": 0.012}
NETWORK_S = 0.3


def hosted_calls(count: int, noise: float, **fixed: int) -> list[CallRecord]:
    """Calls of known rates; all but the network is stretched by log-logistic noise, whose middle is 1."""
    dice = np.random.default_rng(5)
    found = []
    for number in range(count):
        uncached, cached, output = (int(dice.integers(*ends)) for ends in ((50, 9000), (0, 60_000), (1, 900)))
        tokens = {"uncached": uncached, "cached": cached, "output": output} | fixed
        share = dice.uniform(0.001, 0.999)
        factor = float((share / (1 - share)) ** noise)
        prompt_s = RATES["base_s"] + 2e-4 * tokens["uncached"] + 2e-5 * tokens["cached"]
        times = [NETWORK_S + factor * (prompt_s + RATES["output_token_s"] * said) for said in (1, tokens["output"])]
        found.append(
            record(number, prompt_tokens=tokens["uncached"] + tokens["cached"], cached_tokens=tokens["cached"],
                   output_tokens=tokens["output"], first_s=times[0], total_s=times[1], timing="client")
        )  # fmt: skip
    return found


def hosted(calls: list[CallRecord]) -> RunFit:
    wrong = changed(CLAUDE, "hosted", **{name: 3 * value for name, value in RATES.items()}, network_s=NETWORK_S)
    return fit_hosted(changed(wrong, "hosted", hidden_tokens=None), calls, "a test", TODAY)


@pytest.mark.parametrize(("noise", "tolerance"), [(0.0, 1e-6), (0.13, 0.03)])
def test_hosted_rates_come_back_through_noise(noise: float, tolerance: float) -> None:
    found = hosted(hosted_calls(3000 if noise else 30, noise))
    for name, value in RATES.items():
        assert found.coefficients[name] == pytest.approx(value, rel=tolerance), name
    assert found.after < 0.25 < found.before
    assert found.profile.hosted
    assert CLAUDE.hosted
    assert found.profile.hosted.noise_shape == CLAUDE.hosted.noise_shape


def test_a_rate_that_no_call_shows_is_kept() -> None:
    found = hosted(hosted_calls(30, 0.0, cached=0))
    assert found.coefficients["cached_token_s"] == 3 * RATES["cached_token_s"]
    assert found.coefficients["uncached_token_s"] == pytest.approx(RATES["uncached_token_s"])
    assert "kept as it was, for no call shows it: cached_token_s" in found.notes[0]


def test_hosted_calls_that_are_alike_give_two_factors_and_unstreamed_ones_a_speed() -> None:
    calls = hosted_calls(30, 0.0, cached=0, uncached=1000, output=50)
    found = hosted(calls)
    assert "one factor was identified for what comes before the answer" in found.notes[0]
    ratio = found.coefficients["base_s"] / found.coefficients["uncached_token_s"]
    assert ratio == pytest.approx(RATES["base_s"] / RATES["uncached_token_s"])
    assert found.coefficients["output_token_s"] == pytest.approx(RATES["output_token_s"])
    whole = hosted([call.model_copy(update={"first_s": None}) for call in calls])
    assert "only a common speed factor" in whole.notes[0]
    assert "no call was streamed" in whole.notes[1]
    for name, value in RATES.items():
        assert whole.coefficients[name] == pytest.approx(value, rel=1e-6), name


def test_a_hosted_call_takes_what_the_simulated_one_takes() -> None:
    quiet = changed(CLAUDE, "hosted", noise_shape=None, session_share=None, hidden_tokens=40, network_s=0.1)
    model = HostedModel(quiet)
    for call in simulated(quiet, [(50, 3), (2000, 100)]):
        predicted, measured = model.parts(call)["total"]
        assert predicted == pytest.approx(measured, rel=1e-9)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=9))
def test_a_line_without_slope_is_the_median(values: list[float]) -> None:
    measured = np.array(values)
    (found,) = median_factors(np.ones((len(values), 1)), measured, np.ones(len(values)))
    assert np.abs(measured - found).sum() == pytest.approx(np.abs(measured - median(values)).sum())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calls": 2}, "2 usable calls are too few to calibrate from; 3 are the least"),
        ({"profile": "neuron"}, "static shapes are not fitted"),
        ({"profile": "zero"}, "the profile has none to scale"),
        ({"profile": "null"}, "no step times"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict[str, Any], message: str) -> None:
    zero = dict.fromkeys(("fixed_s", "token_s", "kv_token_s", "attention_s", "call_s"), 0.0)
    profiles = {
        "neuron": load_profile("neuron-llama-3.1-8b-aws-inferentia2"),
        "zero": changed(LOCAL, "step", **zero),
        "null": load_profile("null-none-cpu"),
    }
    calls = simulated(LOCAL, ALIKE)[: change.get("calls", 99)]
    with pytest.raises(UsageError, match=message):
        fit_steps(profiles.get(change.get("profile", ""), LOCAL), calls, "a test", TODAY)


def test_a_third_is_held_out_by_number() -> None:
    fitted, held = split([record(number) for number in (9, 2, 4, 0, 1, 3, 7)])
    assert [call.number for call in held] == [2, 7]
    assert [call.number for call in fitted] == [0, 1, 3, 4, 9]
