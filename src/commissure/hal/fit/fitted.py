"""What came of fitting a profile to the calls of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from commissure.hal.errors import UsageError
from commissure.hal.journal import CallRecord
from commissure.hal.profiles.profile import Profile

LEAST_CALLS = 3
# Times below this are not measured, but noise.
SHORTEST_S = 1e-4
# A call that takes so many times as long as the fit says was held up by something else.
HELD_UP = 3.0
# By part of a call: what is predicted, and what was measured. None where it was not.
Parts = Mapping[str, tuple[float, float | None]]
Predict = Callable[[CallRecord], Parts]


@dataclass(frozen=True, slots=True)
class RunFit:
    """The profile found and how well it tells the run's calls. Errors are mean |predicted / measured - 1|.

    `held_out_errors` are of each part of the calls that were held out of the fit, `before` and `after` of all calls'
    total times: with the profile as it was, and as it is now.
    """

    profile: Profile
    coefficients: Mapping[str, float]
    calls: int
    held_out_calls: int
    held_out_errors: Mapping[str, float]
    before: float
    after: float
    notes: tuple[str, ...]


def split(calls: Sequence[CallRecord]) -> tuple[list[CallRecord], list[CallRecord]]:
    """The calls to fit, and every third one by number, which is held out. Raises UsageError if there are too few."""
    if len(calls) < LEAST_CALLS:
        raise UsageError(f"{len(calls)} usable calls are too few to calibrate from; {LEAST_CALLS} are the least")
    ordered = sorted(calls, key=lambda call: call.number)
    held = ordered[2::3]
    return [call for place, call in enumerate(ordered) if place % 3 != 2], held


def mean_errors(calls: Sequence[CallRecord], predict: Predict) -> dict[str, float]:
    """The mean error of each part that was measured."""
    found: dict[str, list[float]] = {}
    for call in calls:
        for part, (predicted, measured) in predict(call).items():
            if measured is not None and measured > SHORTEST_S:
                found.setdefault(part, []).append(abs(predicted / measured - 1.0))
    return {part: mean(errors) for part, errors in found.items()}


def held_up(calls: Sequence[CallRecord], predict: Predict) -> list[str]:
    """A note of the calls that took far longer than the fit says, if there are any; the fit heeds them little."""
    count = sum(call.total_s > HELD_UP * max(predict(call)["total"][0], SHORTEST_S) for call in calls)
    return [f"{count} calls took more than {HELD_UP:g} times as long as others like them"] if count else []
