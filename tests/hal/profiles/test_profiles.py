"""What comes with the package on chips, models and endpoints: it loads, it is sourced, and it agrees with itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from commissure.hal.errors import UsageError
from commissure.hal.profiles.chip import Chip, chips
from commissure.hal.profiles.model import Model, models
from commissure.hal.profiles.profile import Profile, StepTime, load_profile, profile_names
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.profiles.roofline import roofline
from commissure.hal.tomlfile import PROFILES, load_toml

CHIPS = [
    "cerebras-wse3",
    "sambanova-sn40l",
    "aws-trainium2",
    "aws-inferentia2",
    "nvidia-h100",
    "nvidia-h200",
    "nvidia-b200",
    "groq-lpu",
    "cpu",
    "speculative-pim",
    "undisclosed",
]
MODELS = [
    "llama-3.3-70b",
    "llama-3.1-8b",
    "llama-3.2-1b",
    "smollm2-135m",
    "gpt-oss-120b",
    "qwen3-235b",
    "qwen3-vl-8b",
    "kimi-k2.5",
    "gpt-5",
    "gpt-5.2",
    "claude-opus-4.5",
    "nemotron-h-56b",
    "mamba2-2.7b",
    "llada-8b",
]
PROFILE_OF = {name: load_profile(name) for name in profile_names()}
OWN = [name for name, profile in PROFILE_OF.items() if profile.step and profile.provider in ("vllm", "neuron")]
HOSTED = [name for name, profile in PROFILE_OF.items() if profile.hosted]
# Fitted to the grids of AIConfigurator; the steps of the others come from one point, or from the roofline itself.
STEPS = {name: step for name in OWN if (step := PROFILE_OF[name].step)}
FITTED = [name for name, step in STEPS.items() if step.fixed_s.source.startswith("fitted")]
ROOFLINE = [name for name, step in STEPS.items() if step.fixed_s.source.startswith("roofline")]
LOCAL_PATH = re.compile(r"(?<!\S)(~/|\.\.?/|[A-Z]:\\|/(home|work|tmp|root|mnt|opt|usr|var|srv|data|Users)\b)")


def quantities(record: BaseModel, path: str = "") -> Iterator[tuple[str, Quantity]]:
    for name, value in record:
        if isinstance(value, Quantity):
            yield f"{path}{name}", value
        elif isinstance(value, BaseModel):
            yield from quantities(value, f"{path}{name}.")


def records() -> dict[str, Chip | Model | Profile]:
    found: dict[str, Chip | Model | Profile] = {f"chips/{name}": chip for name, chip in chips().items()}
    found |= {f"models/{name}": model for name, model in models().items()}
    return found | {f"endpoints/{name}": profile for name, profile in PROFILE_OF.items()}


def steps(name: str) -> tuple[StepTime, StepTime]:
    """As the profile says, and as the roofline says."""
    profile = PROFILE_OF[name]
    assert profile.step
    return profile.step, roofline(chips()[profile.chip], models()[profile.model], profile.chips)


def test_every_file_is_found_under_its_name() -> None:
    for folder, names in (("chips", list(chips())), ("models", list(models())), ("endpoints", profile_names())):
        assert sorted(names) == sorted(path.stem for path in (PROFILES / folder).glob("*.toml"))
    for name, profile in PROFILE_OF.items():
        assert name == f"{profile.provider}-{profile.model}-{profile.chip}"


def test_the_named_chips_and_models_are_there() -> None:
    assert set(CHIPS) <= set(chips())
    assert set(MODELS) <= set(models())
    assert {model.kind for model in models().values()} == {"dense", "moe", "hybrid", "ssm", "diffusion"}


@pytest.mark.parametrize("name", PROFILE_OF)
def test_an_endpoint_names_a_known_chip_and_model(name: str) -> None:
    profile = PROFILE_OF[name]
    assert profile.chip in chips()
    assert profile.model in models() or (profile.provider, profile.model) == ("null", "none")


@pytest.mark.parametrize("name", records())
def test_every_number_has_a_public_source(name: str) -> None:
    for field, quantity in quantities(records()[name]):
        assert quantity.source.strip(), field
        assert not LOCAL_PATH.search(quantity.source), (field, quantity.source)


@pytest.mark.parametrize("name", records())
def test_a_number_without_a_source_is_marked_as_assumed(name: str) -> None:
    for field, quantity in quantities(records()[name]):
        judged = re.search(r"no source|no solid source|judgement|roofline|thought experiment", quantity.source)
        assert quantity.assumed or not judged, (field, quantity.source)


def test_an_endpoint_is_an_engine_paid_by_the_hour_or_a_black_box_paid_by_the_token() -> None:
    for name, profile in PROFILE_OF.items():
        if profile.provider == "null":
            continue
        assert (profile.step is None) == (profile.hosted is not None), name
        assert profile.price or profile.usd_per_hour, name
        assert profile.engine is None or profile.step, name
    for name in OWN:
        assert PROFILE_OF[name].engine, name
        assert PROFILE_OF[name].usd_per_hour, name


@pytest.mark.parametrize("name", OWN)
def test_weights_and_kv_blocks_fit_the_memory(name: str) -> None:
    profile = PROFILE_OF[name]
    chip, model, engine = chips()[profile.chip], models()[profile.model], profile.engine
    assert chip.memory_gb
    assert model.kv_bytes_per_token
    assert model.weight_bytes
    assert engine
    assert engine.kv_blocks
    kv_bytes = engine.kv_blocks * engine.block_tokens * model.kv_bytes_per_token.value
    # The latent of multi-head latent attention lies whole on every chip.
    copies = profile.chips if profile.model == "kimi-k2.5" else 1
    assert model.weight_bytes + copies * kv_bytes <= 0.9 * 1e9 * chip.memory_gb.value * profile.chips
    assert engine.max_batched_tokens >= max(engine.buckets.context_tokens if engine.buckets else (0,))


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("llama-3.3-70b", 320 * 1024),
        ("llama-3.1-8b", 128 * 1024),
        ("llama-3.2-1b", 32 * 1024),
        ("smollm2-135m", 2 * 30 * 3 * 64 * 2),
        ("qwen3-vl-8b", 144 * 1024),
        ("qwen3-235b", 188 * 1024),
        ("gpt-oss-120b", 36 * 1024),
        ("kimi-k2.5", 61 * 576 * 2),
        ("nemotron-h-56b", 40 * 1024),
    ],
)
def test_kv_bytes_of_a_token(name: str, by_hand: int) -> None:
    quantity = models()[name].kv_bytes_per_token
    assert quantity
    assert quantity.value == by_hand


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("llama-3.3-70b", 2.68e9),
        ("gpt-oss-120b", 0.307e9),
        ("qwen3-vl-8b", 1.21e9),
        ("kimi-k2.5", 0.576e9),
        ("mamba2-2.7b", 64 * (80 * 64 * 128 + 3 * 5376) * 2),
        ("nemotron-h-56b", 8192 * 40 * 1024 + 54 * (256 * 64 * 256 + 3 * 20_480) * 2),
        ("gemma-3-270m", 8192 * 3 * 1024 + 512 * 15 * 1024),
    ],
)
def test_kv_bytes_of_a_prefix_of_8k(name: str, by_hand: float) -> None:
    assert models()[name].kv_bytes(8192) == pytest.approx(by_hand, rel=2e-3)


def test_a_window_keeps_what_is_in_it_and_no_more() -> None:
    for name in ("gpt-oss-120b", "gemma-3-270m"):
        model = models()[name]
        assert model.window_tokens
        assert model.window_kv_bytes_per_token
        assert model.kv_bytes_per_token
        assert model.state_bytes
        window = model.window_tokens.value
        assert model.state_bytes.value == window * model.window_kv_bytes_per_token.value
        every = model.kv_bytes_per_token.value
        assert model.kv_bytes(1) == every + model.window_kv_bytes_per_token.value
        grown = [model.kv_bytes(window + more) for more in (0, 1, 1000)]
        assert [size - grown[0] for size in grown if size and grown[0]] == [0, every, 1000 * every]
    assert models()["llada-8b"].kv_bytes(10) is None
    with pytest.raises(ValidationError, match="give both or none"):
        Model.model_validate(models()["gpt-oss-120b"].model_dump() | {"window_tokens": None})


def test_kinds_hold_what_makes_them() -> None:
    for model in models().values():
        assert (model.kind == "moe") == (model.experts is not None)
        assert (model.kind == "diffusion") == (model.diffusion is not None)
        assert model.kind not in ("ssm", "hybrid") or model.state_bytes
    assert models()["mamba2-2.7b"].kv_bytes_per_token is None


@pytest.mark.parametrize(
    ("width", "height", "squares"),
    [
        (1024, 768, 32 * 24),
        # 31.25 and 23.4 squares, rounded.
        (1000, 750, 31 * 23),
        # Above 16,384 squares: both sides shrink by sqrt(48e6 / 2^24) = 1.69 to 147.8 and 110.9 squares, cut off.
        (8000, 6000, 147 * 110),
        # Below 64 squares: both sides grow by sqrt(2^16 / 2048) = 5.66 to 11.3 and 5.7 squares, rounded up.
        (64, 32, 12 * 6),
    ],
)
def test_image_tokens_of_qwen3_vl(width: int, height: int, squares: int) -> None:
    vision = models()["qwen3-vl-8b"].vision
    assert vision
    assert vision.tokens(width, height) == squares + 2


def test_trainium2_gives_back_the_two_times_it_was_taken_from() -> None:
    profile = PROFILE_OF["neuron-llama-3.3-70b-aws-trainium2"]
    assert profile.step
    assert profile.step.fixed_s.value + 12288 * profile.step.token_s.value == pytest.approx(0.576, rel=1e-3)
    assert profile.step.fixed_s.value + profile.step.token_s.value == pytest.approx(0.0198, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "tokens_per_s", "seconds"),
    [
        ("cerebras-gpt-oss-120b-cerebras-wse3", 1844, 1.54),
        ("sambanova-gpt-oss-120b-sambanova-sn40l", 738, 4.31),
    ],
)
def test_first_answer_tokens_are_as_published(name: str, tokens_per_s: float, seconds: float) -> None:
    hosted = PROFILE_OF[name].hosted
    assert hosted
    assert hosted.hidden_tokens
    assert hosted.base_s.value + hosted.hidden_tokens.value / tokens_per_s == pytest.approx(seconds, rel=5e-3)


def test_opus_counts_the_network_once() -> None:
    hosted = PROFILE_OF["anthropic-claude-opus-4.5-undisclosed"].hosted
    assert hosted
    assert hosted.base_s.value == 1.17
    assert hosted.network_s is None


def test_cerebras_reserves_in_two_buckets() -> None:
    limits = PROFILE_OF["cerebras-gpt-oss-120b-cerebras-wse3"].limits
    assert limits
    assert limits.reserve_output
    assert limits.tokens_per_minute
    assert limits.uncached_tokens_per_minute
    assert limits.tokens_per_minute.value > limits.uncached_tokens_per_minute.value


@pytest.mark.parametrize("name", [name for name in FITTED if models()[PROFILE_OF[name].model].kind == "dense"])
def test_roofline_of_dense_models_beside_the_fit(name: str) -> None:
    fitted, modelled = (step.values() for step in steps(name))
    assert modelled["fixed_s"] == pytest.approx(fitted["fixed_s"], rel=0.25)
    assert 1.0 < modelled["kv_token_s"] / fitted["kv_token_s"] < 2.5
    # The fit's tokens cost less than peak FLOPS allow: its constant and attention terms carry a part of them.
    assert 1.0 < modelled["token_s"] / fitted["token_s"] < 3.5


def test_roofline_of_llama_8b_on_h100_is_within_a_factor_of_two() -> None:
    fitted, modelled = (step.values() for step in steps("vllm-llama-3.1-8b-nvidia-h100"))
    for name in ("fixed_s", "kv_token_s"):
        assert 0.5 < modelled[name] / fitted[name] < 2.0

    def prefill_s(step: dict[str, float], tokens: int) -> float:
        linear = step["fixed_s"] + (step["token_s"] + step["kv_token_s"]) * tokens
        return linear + step["attention_s"] * tokens * tokens / 2

    assert 0.5 < prefill_s(modelled, 8192) / prefill_s(fitted, 8192) < 2.0


@pytest.mark.parametrize("name", [name for name in FITTED if models()[PROFILE_OF[name].model].kind == "moe"])
def test_roofline_of_experts_beside_the_fit(name: str) -> None:
    fitted, modelled = (step.values() for step in steps(name))
    assert modelled["experts_s"] == pytest.approx(fitted["experts_s"], rel=0.25)
    # Launching the kernels of a small shared part takes longer than reading it: here the roofline is too kind.
    assert modelled["fixed_s"] < fitted["fixed_s"] / 5


@pytest.mark.parametrize("name", ["gpt-oss-120b", "qwen3-235b", "kimi-k2.5"])
def test_one_token_reads_the_active_weights(name: str) -> None:
    model, chip = models()[name], chips()["nvidia-h100"]
    step = roofline(chip, model)
    assert model.experts
    assert model.active_parameters_b
    assert model.bytes_per_parameter
    assert step.experts_s
    read_s = model.active_parameters_b.value * model.bytes_per_parameter.value / (3350 * 0.8)
    assert step.fixed_s.value + step.experts_s.value * model.experts.share(1) == pytest.approx(read_s)


@pytest.mark.parametrize("name", ROOFLINE)
def test_a_profile_from_the_roofline_is_just_that(name: str) -> None:
    stated, modelled = (step.values() for step in steps(name))
    assert stated == pytest.approx(modelled, rel=1e-3)
    assert all(quantity.assumed for _, quantity in quantities(STEPS[name]))


def test_a_roofline_is_assumed_and_says_its_formula() -> None:
    for _, quantity in quantities(roofline(chips()["nvidia-h100"], models()["llama-3.1-8b"])):
        assert quantity.assumed
        assert quantity.source.startswith("roofline")


def test_more_chips_divide_the_time() -> None:
    one, four = (roofline(chips()["nvidia-h100"], models()["gpt-oss-120b"], count).values() for count in (1, 4))
    assert {name: value / 4 for name, value in one.items()} == pytest.approx(four)


def test_kinds_without_a_kv_cache() -> None:
    ssm, diffusion = (roofline(chips()["nvidia-h100"], models()[name]).values() for name in ("mamba2-2.7b", "llada-8b"))
    assert ssm["kv_token_s"] == ssm["attention_s"] == 0.0
    assert ssm["sequence_s"] == pytest.approx(2 * 85_950_464 / (3350e9 * 0.8))
    assert diffusion["kv_token_s"] == diffusion["sequence_s"] == 0.0
    assert diffusion["attention_s"] > 0.0


def test_the_speculative_chip_works_like_any_other() -> None:
    pim, h100 = chips()["speculative-pim"], chips()["nvidia-h100"]
    assert all(quantity.assumed and "thought experiment" in quantity.source for _, quantity in quantities(pim))
    ours, theirs = (roofline(chip, models()["llama-3.1-8b"]).values() for chip in (pim, h100))
    assert ours["fixed_s"] == pytest.approx(theirs["fixed_s"] / 4)
    assert ours["kv_token_s"] == pytest.approx(theirs["kv_token_s"] / 4)
    assert ours["token_s"] == theirs["token_s"]


def test_a_chip_of_your_own_is_one_file(tmp_path: Path) -> None:
    given = 'source = "mine", as_of = 2026-01-01'
    (tmp_path / "mine.toml").write_text(
        f'name = "mine"\nmaker = "me"\nmemory_gb_per_s = {{ value = 100, {given} }}\n'
        f"bf16_tflops = {{ value = 10, {given} }}\n"
    )
    step = roofline(load_toml(tmp_path / "mine.toml", Chip), models()["llama-3.2-1b"])
    assert step.fixed_s.value == pytest.approx(2 * 1.236 / 80)
    assert step.token_s.value == pytest.approx(2 * 1.236 / 4500)
    assert step.attention_s.value == pytest.approx(4 * 16 * 2048 / 4.5e12)


@pytest.mark.parametrize(
    ("chip", "model", "field", "file"),
    [
        ("cpu", "llama-3.1-8b", "memory_gb_per_s", "chips/cpu.toml"),
        ("cerebras-wse3", "llama-3.1-8b", "bf16_tflops", "chips/cerebras-wse3.toml"),
        ("nvidia-h100", "gpt-5", "parameters_b", "models/gpt-5.toml"),
    ],
)
def test_the_roofline_names_what_is_missing(chip: str, model: str, field: str, file: str) -> None:
    with pytest.raises(UsageError, match=rf"needs '{field}' in profiles/{re.escape(file)}"):
        roofline(chips()[chip], models()[model])


@pytest.mark.parametrize(
    "field", ["parameters_b", "active_parameters_b", "bytes_per_parameter", "kv_bytes_per_token", "experts"]
)
def test_the_roofline_names_each_field_of_a_model(field: str) -> None:
    model = models()["gpt-oss-120b"].model_copy(update={field: None})
    with pytest.raises(UsageError, match=f"needs '{field}' in profiles/models/gpt-oss-120b.toml"):
        roofline(chips()["nvidia-h100"], model)


@pytest.mark.parametrize("active", [1.0, 200.0])
def test_active_parameters_must_fit_the_experts(active: float) -> None:
    model = models()["gpt-oss-120b"]
    assert model.active_parameters_b
    wrong = model.active_parameters_b.model_copy(update={"value": active})
    with pytest.raises(UsageError, match="do not fit its experts"):
        roofline(chips()["nvidia-h100"], model.model_copy(update={"active_parameters_b": wrong}))


def test_chips_must_be_at_least_one() -> None:
    with pytest.raises(UsageError, match="at least 1, not 0"):
        roofline(chips()["nvidia-h100"], models()["llama-3.1-8b"], 0)


def test_attention_is_left_out_where_unknown() -> None:
    model = models()["llama-3.1-8b"].model_copy(update={"hidden_size": None})
    assert roofline(chips()["nvidia-h100"], model).attention_s.value == 0.0
    assert roofline(chips()["nvidia-h100"], models()["nemotron-h-56b"]).attention_s.value == 0.0
