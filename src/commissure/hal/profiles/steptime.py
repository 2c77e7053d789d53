"""The step-time model as features: a call's time is their dot product with the profile's coefficients."""

from __future__ import annotations

from commissure.hal.profiles.profile import StepTime

# Engines compute long prompts in chunks; llama.cpp's default micro-batch.
DEFAULT_CHUNK_TOKENS = 512

Features = tuple[float, float, float, float, float]


def coefficients(step: StepTime) -> Features:
    """The five coefficients in the order of the features."""
    return (
        step.fixed_s.value, step.token_s.value, step.kv_token_s.value, step.attention_s.value, step.call_s.value,
    )  # fmt: skip


def prefill_features(computed: int, cached: int, chunk: int = DEFAULT_CHUNK_TOKENS) -> Features:
    """Of computing `computed` prompt tokens behind `cached` resident ones: steps, tokens, KV read, attention."""
    steps = -(-computed // chunk)
    # The context at the end of each chunk, the last of which is cut short.
    kv = steps * cached + chunk * (steps - 1) * steps / 2 + computed if steps else 0.0
    return steps, computed, kv, computed * (cached + computed / 2), 0.0


def decode_features(prompt: int, output: int) -> Features:
    """Of generating `output` tokens one by one; the first comes out of the prefill."""
    steps = max(0, output - 1)
    kv = steps * prompt + steps * (steps + 1) / 2
    return steps, steps, kv, 0.0, 0.0


def seconds(weights: Features, features: Features) -> float:
    """The modelled time."""
    return sum(weight * feature for weight, feature in zip(weights, features, strict=True))
