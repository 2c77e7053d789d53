"""Step times from the calls of a run: those of an endpoint that is modelled as an engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median

import numpy as np

from commissure.hal.errors import UsageError
from commissure.hal.fit.calibrate import robust_factors
from commissure.hal.fit.fitted import LEAST_CALLS, SHORTEST_S, Parts, RunFit, held_up, mean_errors, split
from commissure.hal.fit.identify import free_of
from commissure.hal.journal import CallRecord
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile, StepTime
from commissure.hal.profiles.quantity import Quantity, value_of
from commissure.hal.profiles.serving import EngineSettings
from commissure.hal.profiles.steptime import DEFAULT_CHUNK_TOKENS, decode_features, prefill_features

NAMES = ("fixed_s", "token_s", "kv_token_s", "attention_s", "sequence_s", "experts_s")
GROUPS = {
    "what a step reads (fixed_s, kv_token_s)": ("fixed_s", "kv_token_s", "sequence_s", "experts_s"),
    "what it computes (token_s, attention_s)": ("token_s", "attention_s"),
}
# Two calls that overlap by less follow one another: clocks and sums are no finer.
OVERLAP_S = 1e-6
Row = tuple[float, ...]


class CallModel:
    """The time of one call that has its engine to itself, as a profile's `step` has it.

    `engine` is how it is set up, where that differs from the profile.
    """

    def __init__(self, profile: Profile, engine: EngineSettings | None = None) -> None:
        if profile.step is None:
            raise UsageError("the profile has no step times")
        model, engine = models().get(profile.model), engine or profile.engine
        if (model and model.diffusion) or (engine and (engine.speculative or engine.buckets)):
            raise UsageError("text diffusion, speculative decoding and static shapes are not fitted to runs")
        self.step = profile.step
        self.own = {name: value.value for name in NAMES if (value := getattr(profile.step, name)) is not None}
        self._chunk = engine.max_batched_tokens if engine else DEFAULT_CHUNK_TOKENS
        self._hidden = value_of(profile.step.hidden_tokens)
        self._experts = model.experts if model and profile.step.experts_s else None

    def rows(self, call: CallRecord) -> tuple[Row, Row]:
        """The features of a call's prefill and of its decoding, one for each coefficient that the profile has."""
        steps, tokens, kv, attention, _ = prefill_features(call.computed_tokens, call.cached_tokens, self._chunk)
        chunks = [self._chunk] * (int(steps) - 1) + [tokens - (steps - 1) * self._chunk] if steps else []
        shown, read = sum(map(self._shown, chunks)), sum(map(self._share, chunks))
        more, _, kv_more, _, _ = decode_features(call.prompt_tokens, call.output_tokens + call.reasoning_tokens)
        return (
            self._known(steps, shown, kv, attention, steps, read),
            self._known(more, more * self._shown(1), kv_more, 0.0, more, more * self._share(1)),
        )

    def parts(self, call: CallRecord) -> Parts:
        """The call's parts, predicted and measured."""
        prefill, decode = (
            sum(weight * count for weight, count in zip(self.own.values(), row, strict=True)) for row in self.rows(call)
        )
        total = prefill + decode + self.step.call_s.value
        return {"prefill": (prefill, call.prefill_s), "decode": (decode, call.decode_s), "total": (total, call.total_s)}

    def _known(self, *features: float) -> Row:
        return tuple(feature for name, feature in zip(NAMES, features, strict=True) if name in self.own)

    def _shown(self, tokens: float) -> float:
        return max(0.0, tokens - self._hidden)

    def _share(self, tokens: float) -> float:
        return self._experts.share(tokens) if self._experts else 0.0


def fit_steps(
    profile: Profile, calls: Sequence[CallRecord], source: str, as_of: date, engine: EngineSettings | None = None
) -> RunFit:
    """The profile with step times fitted to two thirds of the calls. Raises UsageError if they cannot tell any."""
    model, notes = CallModel(profile, engine), []
    usable = [call for call in calls if call.timing == "server" or call.first_s is not None]
    if len(usable) < len(calls):
        notes.append(f"{len(calls) - len(usable)} calls left out: nobody knows when their first token came")
    alone = _alone(usable)
    overlapped = len(alone) < LEAST_CALLS
    if overlapped:
        notes.append("calls overlapped at the endpoint: their times hold what others cost them, and call_s is kept")
    elif len(alone) < len(usable):
        notes.append(f"{len(usable) - len(alone)} calls left out: others were at the endpoint at the same time")
    chosen = usable if overlapped else alone
    fitted, held = split(chosen)
    found, note = _fitted(model, fitted)
    call_s = model.step.call_s.value if overlapped else median(call.queue_s for call in fitted)
    values = dict(zip(model.own, found, strict=True)) | {"call_s": call_s}
    changed = {name: Quantity(value=value, source=source, as_of=as_of) for name, value in values.items()}
    new = profile.model_copy(update={"step": StepTime.model_validate({**dict(model.step), **changed})})
    after = CallModel(new, engine)
    return RunFit(
        new,
        values,
        len(chosen),
        len(held),
        mean_errors(held, after.parts),
        mean_errors(chosen, model.parts)["total"],
        mean_errors(chosen, after.parts)["total"],
        (note, *notes, *held_up(chosen, after.parts)),
    )


def _fitted(model: CallModel, calls: Sequence[CallRecord]) -> tuple[list[float], str]:
    pairs = [
        (row, measured)
        for call in calls
        for row, measured in zip(model.rows(call), (call.prefill_s, call.decode_s), strict=True)
        if measured > SHORTEST_S and row[0]
    ]
    if not pairs:
        raise UsageError("no call of the run took time to prefill or decode")
    design, measured = np.array([row for row, _ in pairs], dtype=float), np.array([value for _, value in pairs])
    names = list(model.own)
    groups = {what: [names.index(one) for one in members if one in names] for what, members in GROUPS.items()}
    free = free_of(design / measured[:, None], len(calls), list(model.own.values()), names, groups)
    return free.coefficients(robust_factors(design @ free.basis, measured)), free.note


def _alone(calls: Sequence[CallRecord]) -> list[CallRecord]:
    """The calls that had their endpoint to themselves from begin to end."""
    ordered = sorted(calls, key=lambda call: call.start_s)
    starts = [call.start_s for call in ordered[1:]] + [float("inf")] * bool(ordered)
    found, busy_until_s = [], float("-inf")
    for call, next_s in zip(ordered, starts, strict=True):
        end_s = call.start_s + call.total_s - OVERLAP_S
        if busy_until_s <= call.start_s and end_s <= next_s:
            found.append(call)
        busy_until_s = max(busy_until_s, end_s)
    return found
