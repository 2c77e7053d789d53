"""The rates of a hosted endpoint from the calls of a run: a straight line through the medians."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import eye_array, hstack

from commissure.hal.errors import CommissureError, UsageError
from commissure.hal.fit.fitted import SHORTEST_S, Parts, RunFit, held_up, mean_errors, split
from commissure.hal.fit.identify import free_of
from commissure.hal.journal import CallRecord
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import Quantity, value_of
from commissure.hal.profiles.serving import Hosted

NAMES = ("base_s", "uncached_token_s", "cached_token_s", "output_token_s")
GROUPS = {"what comes before the answer": (0, 1, 2), "its tokens (output_token_s)": (3,)}
# Calls that a fit looks at, evenly spaced; more change its third digit at most and take minutes.
MOST_CALLS = 3000
# Noise is a factor on the time, so rows are weighed by the time that the last fit predicts; it settles at once.
ROUNDS = 3
Row = tuple[float, ...]


class HostedModel:
    """When a hosted call's first and last tokens come, in the middle: without noise."""

    def __init__(self, profile: Profile) -> None:
        if profile.hosted is None:
            raise UsageError("the profile has no [hosted] rates")
        self.hosted: Hosted = profile.hosted
        self.own = [value_of(getattr(profile.hosted, name)) for name in NAMES]
        self.network_s = value_of(profile.hosted.network_s)
        self._hidden = round(value_of(profile.hosted.hidden_tokens))

    def rows(self, call: CallRecord) -> tuple[Row, Row]:
        """The features of the first token and of the last; the network's share is not among them."""
        prompt = (1.0, float(call.computed_tokens), float(call.cached_tokens))
        output, hidden = call.output_tokens, call.reasoning_tokens or self._hidden
        return (*prompt, float(hidden + min(output, 1))), (*prompt, float(hidden + output))

    def parts(self, call: CallRecord) -> Parts:
        """The times predicted and measured."""
        first, total = (
            self.network_s + sum(rate * count for rate, count in zip(self.own, row, strict=True))
            for row in self.rows(call)
        )
        return {"first token": (first, call.first_s), "total": (total, call.total_s)}


def fit_hosted(profile: Profile, calls: Sequence[CallRecord], source: str, as_of: date) -> RunFit:
    """The profile with rates fitted to two thirds of the calls. Raises UsageError if they cannot tell any."""
    model, notes = HostedModel(profile), []
    if len(calls) > MOST_CALLS:
        notes.append(f"{MOST_CALLS} of {len(calls)} calls were used, evenly spaced")
        places = np.linspace(0, len(calls) - 1, MOST_CALLS).astype(int)
        calls = [calls[place] for place in places]
    if all(call.first_s is None for call in calls):
        notes.append("no call was streamed: the time to the first token was not measured")
    fitted, held = split(calls)
    found, note = _fitted(model, fitted)
    rates = {
        name: Quantity(value=value, source=source, as_of=as_of)
        for name, value in zip(NAMES, found, strict=True)
        if value or getattr(model.hosted, name) is not None
    }
    new = profile.model_copy(update={"hosted": Hosted.model_validate({**dict(model.hosted), **rates})})
    after = HostedModel(new)
    return RunFit(
        new,
        dict(zip(NAMES, found, strict=True)),
        len(calls),
        len(held),
        mean_errors(held, after.parts),
        mean_errors(calls, model.parts)["total"],
        mean_errors(calls, after.parts)["total"],
        (note, *notes, *held_up(calls, after.parts)),
    )


def _fitted(model: HostedModel, calls: Sequence[CallRecord]) -> tuple[list[float], str]:
    pairs = [
        (row, measured - model.network_s)
        for call in calls
        for row, measured in zip(model.rows(call), (call.first_s, call.total_s), strict=True)
        if measured is not None and measured - model.network_s > SHORTEST_S
    ]
    if not pairs:
        raise UsageError("no call of the run took longer than the profile's network_s")
    design, measured = np.array([row for row, _ in pairs]), np.array([value for _, value in pairs])
    free = free_of(design / measured[:, None], len(calls), model.own, NAMES, GROUPS)
    rest = measured - design @ free.kept
    weights = 1.0 / measured
    factors = np.zeros(free.basis.shape[1])
    for _ in range(ROUNDS):
        factors = median_factors(design @ free.basis, rest, weights)
        weights = 1.0 / np.maximum(design @ (free.kept + free.basis @ factors), 0.01 * measured)
    return free.coefficients([float(one) for one in factors]), free.note


def median_factors(design: np.ndarray, measured: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The factors >= 0 that make the weighted sum of |design @ factors - measured| least.

    This is quantile regression at the median as a linear program (Koenker and Bassett, Econometrica 46(1), 1978):
    each residual is the difference of two numbers >= 0 whose sum is made least.
    """
    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    count = len(measured)
    table = hstack([design / scale, eye_array(count), -eye_array(count)], format="csc")
    cost = np.concatenate([np.zeros(design.shape[1]), weights, weights])
    found = linprog(cost, A_eq=table, b_eq=measured, bounds=(0, None), method="highs")
    if found.x is None:
        raise CommissureError(f"the median regression failed: {found.message}")
    factors: np.ndarray = found.x[: design.shape[1]] / scale
    return factors
