"""Calibration: some 45 short calls to an endpoint give its step-time coefficients, with a held-out error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import product
from statistics import mean, median

import numpy as np
from scipy.optimize import least_squares

from commissure.hal.call import CacheHint, Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import Profile, StepTime
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.profiles.steptime import Features, decode_features, prefill_features, seconds
from commissure.hal.reply import Reply
from commissure.hal.words import distinct_text

PROMPT_WORDS, OUTPUT_TOKENS, TURN_WORDS, ROUNDS = (8, 40, 100, 200, 320), (2, 8, 24), 6, 3
MIN_REPLIES = 12
CALLS_A_ROUND = len(PROMPT_WORDS) * len(OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured call; those held out of the fit tell its error."""

    reply: Reply
    held_out: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted coefficients; the errors are mean |predicted / measured - 1| on calls that were held out."""

    step: StepTime
    calls: int
    held_out_calls: int
    prefill_error: float
    decode_error: float
    total_error: float


async def measure(
    endpoint: Endpoint, progress: Callable[[], None] = lambda: None, rounds: int = ROUNDS
) -> list[Sample]:
    """Send 5 prompt sizes x 3 output sizes in each round, a third of them on a cached system prompt.

    Over three rounds each of the 15 kinds is cached once and held out once; of those held out a third
    are cached.
    """
    samples = []
    for turn, (size, words), (kind, output) in product(
        range(rounds), enumerate(PROMPT_WORDS), enumerate(OUTPUT_TOKENS)
    ):
        key = f"{words}/{output}/{turn}"
        call = Call(
            distinct_text(TURN_WORDS, f"{key}/turn"),
            distinct_text(words, key),
            agent="calibration",
            max_tokens=output,
            min_tokens=output,
        )
        reply = await _one(endpoint, call, cached=(kind + turn) % 3 == 1)
        samples.append(Sample(reply, held_out=(size + kind + 2 * turn) % 3 == 2))
        progress()
    return samples


async def _one(endpoint: Endpoint, call: Call, *, cached: bool) -> Reply:
    hints = endpoint.capabilities.hints
    if cached and "prefetch" in hints:
        await endpoint.hint(CacheHint("prefetch", slot=0, call=call))
        call = Call(f"{call.prompt} again", call.system, agent=call.agent, max_tokens=call.max_tokens,
                    min_tokens=call.min_tokens)  # fmt: skip
    elif "evict" in hints:
        await endpoint.hint(CacheHint("evict", slot=0))
        await endpoint.hint(CacheHint("place", agent=call.agent, slot=0))
    return await endpoint.generate(call)


def fit(samples: list[Sample], source: str, as_of: date) -> Fit:
    """Fit the coefficients on the samples that are not held out and report the error on those that are."""
    held = [sample.reply for sample in samples if sample.held_out]
    weights = _fitted([sample.reply for sample in samples if not sample.held_out])
    return Fit(
        _step_time(weights, source, as_of),
        len(samples),
        len(held),
        *(_error(held, weights, part) for part in ("prefill", "decode", "total")),
    )


def fitted_steps(samples: list[Sample], source: str, as_of: date) -> StepTime:
    """The coefficients fitted on all samples, for a prediction that is checked by what comes next."""
    return _step_time(_fitted([sample.reply for sample in samples]), source, as_of)


def calibrated(profile: Profile, step: StepTime) -> Profile:
    """The profile with the fitted coefficients in place of its own."""
    return profile.model_copy(update={"step": step})


def _fitted(replies: list[Reply]) -> Features:
    """Relative residuals under a soft-L1 loss, so that a call slowed by other work on the machine counts little."""
    if len(replies) < MIN_REPLIES:
        raise UsageError(f"calibration needs at least {MIN_REPLIES} replies to fit, not {len(replies)}")
    rows = [row for reply in replies for row in _rows(reply)]
    if len(rows) < MIN_REPLIES:
        raise UsageError("calibration needs replies whose prefill and decode take time; this endpoint's take none")
    weights = _robust_fit(rows)
    return (*weights[:4], median(reply.timing.queue_s for reply in replies))


def _features(reply: Reply) -> tuple[Features, Features]:
    usage = reply.usage
    return (
        prefill_features(usage.computed_tokens, usage.cached_tokens),
        decode_features(usage.prompt_tokens, usage.output_tokens),
    )


def _rows(reply: Reply) -> list[tuple[Features, float]]:
    """Measured parts of a call with their features; parts too short to measure are left out."""
    parts = zip(_features(reply), (reply.timing.prefill_s, reply.timing.decode_s), strict=True)
    return [(features, measured) for features, measured in parts if measured > 1e-4 and features[0]]


def _robust_fit(rows: list[tuple[Features, float]]) -> Features:
    design = np.array([features[:4] for features, _ in rows])
    fixed, token, kv, attention = robust_factors(design, np.array([value for _, value in rows]))
    return fixed, token, kv, attention, 0.0


def robust_factors(design: np.ndarray, measured: np.ndarray) -> list[float]:
    """The factors >= 0 of the columns whose sum is nearest to what was measured, in relative residuals under soft L1.

    `design` has a row for each measured time > 0, and a column for each factor.
    """
    relative = design / measured[:, None]
    scale = np.maximum(relative.max(axis=0), 1e-12)
    start = np.full(design.shape[1], 1 / design.shape[1])

    def residuals(x: np.ndarray) -> np.ndarray:
        predicted: np.ndarray = (relative / scale) @ x
        return predicted - 1.0

    result = least_squares(residuals, start, bounds=(0.0, np.inf), loss="soft_l1", f_scale=0.05)
    return [float(value) for value in result.x / scale]


def _error(replies: list[Reply], weights: Features, part: str) -> float:
    errors = []
    for reply in replies:
        prefill, decode = (seconds(weights, features) for features in _features(reply))
        predicted = {"prefill": prefill, "decode": decode, "total": prefill + decode + weights[4]}[part]
        timing = reply.timing
        measured = {"prefill": timing.prefill_s, "decode": timing.decode_s, "total": timing.total_s}[part]
        if measured > 1e-4:
            errors.append(abs(predicted / measured - 1.0))
    return mean(errors) if errors else 0.0


def _step_time(weights: Features, source: str, as_of: date) -> StepTime:
    fixed, token, kv, attention, call = (Quantity(value=value, source=source, as_of=as_of) for value in weights)
    return StepTime(fixed_s=fixed, token_s=token, kv_token_s=kv, attention_s=attention, call_s=call)
