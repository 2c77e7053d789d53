"""What masks take of the steps that were modelled, and the pace of each endpoint's calls."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Protocol

from commissure.hal.endpoint import Endpoint
from commissure.hal.profiles.serving import EngineSettings
from commissure.hal.reply import Reply
from commissure.kernels.masking import MaskCurve
from commissure.sim.engine.masking import masking_of


class Timed(Protocol):
    """One call's times: of a reply's timing, or of a call's record."""

    @property
    def start_s(self) -> float:
        """When it was sent."""

    @property
    def decode_s(self) -> float:
        """From its first token to its last."""

    @property
    def total_s(self) -> float:
        """From sent to answered."""


def pace(times: Sequence[Timed], output_tokens: Sequence[int]) -> dict[str, float]:
    """`token_s`: the mean time from a token to the next; `median_token_s`: the median of its means in each call, which
    other work of a real machine disturbs less; `tokens_per_s`; `batch`: how many calls decoded at once, in the mean
    over all tokens.
    """
    after_first = sum(tokens - 1 for tokens in output_tokens)
    decode_s = sum(one.decode_s for one in times)
    span_s = max(one.start_s + one.total_s for one in times) - min(one.start_s for one in times)
    return {
        "token_s": decode_s / after_first if after_first else 0.0,
        "median_token_s": _median_token_s(times, output_tokens),
        "tokens_per_s": sum(output_tokens) / span_s if span_s else 0.0,
        "batch": _company(times),
    }


def _median_token_s(times: Sequence[Timed], output_tokens: Sequence[int]) -> float:
    found = [one.decode_s / (tokens - 1) for one, tokens in zip(times, output_tokens, strict=True) if tokens > 1]
    return median(found) if found else 0.0


def _company(times: Sequence[Timed]) -> float:
    """The integral of n(t)^2 over that of n(t), of n calls that decode at the moment t."""
    ends = [one.start_s + one.total_s for one in times]
    moments = [(end - one.decode_s, 1) for one, end in zip(times, ends, strict=True)] + [(end, -1) for end in ends]
    running, before, squares, whole = 0, 0.0, 0.0, 0.0
    for at, change in sorted(moments):
        squares += running * running * (at - before)
        whole += running * (at - before)
        running, before = running + change, at
    return squares / whole if whole else 0.0


def mask_share(endpoint: Endpoint, replies: Sequence[Reply]) -> float | None:
    """The share of masks in the modelled steps of an endpoint; None of real ones, and of those that model no masks."""
    profile = endpoint.profile
    if profile.engine is None or profile.step is None or {one.timing.source for one in replies} != {"sim"}:
        return None
    found = pace([one.timing for one in replies], [one.usage.output_tokens for one in replies])
    step_s = found["token_s"] / (1.0 - profile.engine.constrained.forced_share)
    return exposed(masking_of(profile), profile.engine, found["batch"], step_s) / step_s if step_s else 0.0


def exposed(curve: MaskCurve, settings: EngineSettings, batch: float, step_s: float) -> float:
    """Seconds of masks in a step of so many seconds, masks included; those that overlap show where they are longer."""
    masks_s = curve.fixed_s + batch * curve.sequence_s
    if settings.constrained.overlaps:
        return 0.0 if masks_s < step_s * (1 - 1e-9) else masks_s
    return masks_s
