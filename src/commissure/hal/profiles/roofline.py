"""Step times of a pair that nobody measured, from the data sheets of chip and model: the fallback, not a measurement.

A step reads weights and KV cache at 0.8 of the memory's bandwidth, as ai-dynamo/aiconfigurator observed, and computes
at 0.45 of the peak rate, as BLIS for prompts (inference-sim/inference-sim). Nothing is lost between chips or on
launching kernels, so many chips, and small parts of a model, look too good.
"""

from __future__ import annotations

from datetime import date

from commissure.hal.errors import UsageError, unknown
from commissure.hal.profiles.chip import Chip
from commissure.hal.profiles.chip import chips as known_chips
from commissure.hal.profiles.model import Model, models
from commissure.hal.profiles.profile import Profile, StepTime
from commissure.hal.profiles.quantity import Quantity, value_of
from commissure.hal.profiles.serving import EngineSettings

BANDWIDTH_SHARE, PEAK_SHARE = 0.8, 0.45
# What vLLM takes of a chip's memory unless told otherwise (gpu_memory_utilization).
MEMORY_SHARE = 0.9
AS_OF = date(2026, 11, 1)  # The day of the formula: its inputs carry their own.


def roofline(chip: Chip, model: Model, chips: int = 1) -> StepTime:
    """Modelled coefficients of one engine step. Raises UsageError naming the field that is missing, and its file."""
    if chips < 1:
        raise UsageError(f"chips must be at least 1, not {chips}")
    read = _of_chip(chip, "memory_gb_per_s") * 1e9 * BANDWIDTH_SHARE * chips
    compute = _of_chip(chip, "bf16_tflops") * 1e12 * PEAK_SHARE * chips
    (every_step, by_expert), attention = _weights_b(model), _attention_flop(model)
    size = 1e9 * _of_model(model, "bytes_per_parameter")
    pair = f"{model.name} on {chips} x {chip.name}, bandwidth x {BANDWIDTH_SHARE}, bf16 FLOPS x {PEAK_SHARE}"
    return StepTime(
        fixed_s=_assumed(every_step * size / read, f"bytes of the weights that every step reads / bandwidth: {pair}"),
        experts_s=_assumed(by_expert * size / read, f"bytes of all experts / bandwidth: {pair}") if by_expert else None,
        sequence_s=_assumed(_state_bytes(model) / read, f"bytes of a sequence's constant state / bandwidth: {pair}"),
        token_s=_assumed(2e9 * _active_b(model) / compute, f"2 x active parameters / FLOPS: {pair}"),
        kv_token_s=_assumed(_kv_bytes(model) / read, f"KV bytes of a token / bandwidth: {pair}"),
        attention_s=_assumed(attention / compute, f"{'4 x layers x hidden / FLOPS' if attention else 'none'}: {pair}"),
        call_s=_assumed(0.0, "a roofline knows no overhead of a call"),
    )


def _weights_b(model: Model) -> tuple[float, float]:
    """Parameters in thousand millions: those that every step reads, and those of all experts together."""
    total = _of_model(model, "parameters_b")
    if model.kind != "moe":
        return total, 0.0
    if model.experts is None:
        raise _missing("models", model.name, "experts")
    # active = shared + share x experts and total = shared + experts.
    share, active = model.experts.share(1), _active_b(model)
    if not total * share <= active <= total or share == 1.0:
        raise UsageError(f"{model.name}: {active} active of {total} parameters_b do not fit its experts")
    experts = (total - active) / (1.0 - share)
    return total - experts, experts


def _active_b(model: Model) -> float:
    return _of_model(model, "active_parameters_b" if model.kind == "moe" else "parameters_b")


def _kv_bytes(model: Model) -> float:  # State-space layers keep none, and a diffusion model may go without.
    if model.kind == "ssm" or (model.kind == "diffusion" and model.kv_bytes_per_token is None):
        return 0.0
    return _of_model(model, "kv_bytes_per_token")


def _state_bytes(model: Model) -> float:
    # State-space layers write their state back in every step; a sliding window is only read.
    return value_of(model.state_bytes) * (2.0 if model.kind in ("ssm", "hybrid") else 1.0)


def _attention_flop(model: Model) -> float:
    """For one token over one of context; none where it is unknown how many layers attend, as in hybrids."""
    if model.kind in ("ssm", "hybrid") or model.layers is None or model.hidden_size is None:
        return 0.0
    return 4.0 * model.layers.value * model.hidden_size.value


def _of_chip(chip: Chip, field: str) -> float:
    return _value("chips", chip.name, field, getattr(chip, field))


def _of_model(model: Model, field: str) -> float:
    return _value("models", model.name, field, getattr(model, field))


def _value(folder: str, name: str, field: str, quantity: Quantity | None) -> float:
    if quantity is None or (folder == "chips" and not quantity.value):
        raise _missing(folder, name, field)
    return quantity.value


def _missing(folder: str, name: str, field: str) -> UsageError:
    return UsageError(f"the roofline needs {field!r} in profiles/{folder}/{name}.toml: give it there, or measure steps")


def _assumed(value: float, formula: str) -> Quantity:
    return Quantity(value=value, source=f"roofline: {formula}", as_of=AS_OF, assumed=True)


def roofline_profile(chip: str, model: str, chips: int = 1) -> Profile:
    """A whole profile by names: step times, price by the hour, and the KV blocks that fit beside the weights.

    Raises UsageError for an unknown name, a missing number, or a model that does not fit its chips.
    """
    if chip not in known_chips():
        raise unknown("chip", chip, known_chips())
    if model not in models():
        raise unknown("model", model, models())
    silicon, weights = known_chips()[chip], models()[model]
    step, hour = roofline(silicon, weights, chips), silicon.usd_per_hour
    return Profile(
        model=model,
        chip=chip,
        provider="vllm",
        context_tokens=weights.context_tokens,
        step=step,
        chips=chips,
        usd_per_hour=hour.model_copy(update={"value": hour.value * chips}) if hour else None,
        engine=EngineSettings(kv_blocks=_kv_blocks(silicon, weights, chips)),
    )


def _kv_blocks(chip: Chip, model: Model, chips: int) -> int | None:
    """Blocks of 16 tokens in nine tenths of the memory, vLLM's default, beside the weights; None without KV state."""
    if model.kv_bytes_per_token is None or model.weight_bytes is None:
        return None
    room = _of_chip(chip, "memory_gb") * 1e9 * MEMORY_SHARE * chips - model.weight_bytes
    blocks = int(room / (model.kv_bytes_per_token.value * 16))
    if blocks < 1:
        raise UsageError(
            f"{model.name} needs {model.weight_bytes / 1e9:.0f} GB for its weights alone, and {chips} x {chip.name} "
            f"have {MEMORY_SHARE:.0%} of {_of_chip(chip, 'memory_gb') * chips:.0f} GB to give: take more chips"
        )
    return blocks
