"""One leg of a sweep, run wherever there is a core free, and what it measured as plain numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from commissure.hal.errors import CommissureError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.legs import run_leg, summarise
from commissure.scenarios.run import Run
from commissure.scenarios.scenario import Scenario, parse_settings

# Of a mean within its interval, which are summed in different orders.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Job:
    """A leg to run: `order` is its place among all, `combination` its place in the grid."""

    order: int
    combination: int
    scenario: Scenario
    settings: Mapping[str, str]
    fleet: str
    policy: str
    seed: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a leg: its measures by name, the names of what is no number, or why it failed."""

    order: int
    combination: int
    seed: int
    values: Mapping[str, float] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    failed: str | None = None


def run_job(job: Job) -> Ended:
    """Run a leg in sim. What goes wrong is told, not raised: the other legs go on."""
    try:
        settings = parse_settings(job.scenario, job.settings)
        done = run_leg(job.scenario, settings, Fleet.load(job.fleet), job.policy, "sim", job.seed)
        measures = summarise(job.scenario, settings, job.policy, done).measures
    except CommissureError as error:
        return Ended(job.order, job.combination, job.seed, failed=str(error))
    except Exception as error:
        problem = f"internal error: {type(error).__name__}: {error}"
        return Ended(job.order, job.combination, job.seed, failed=problem)
    found = dict(leaves(measures))
    numbers = {name: value for name, value in found.items() if value is not None}
    others = tuple(name for name, value in found.items() if value is None)
    return Ended(job.order, job.combination, job.seed, {**numbers, **common(done)}, others)


def common(done: Run) -> dict[str, float]:
    """What every leg measures: USD, seconds of the whole, the 95th percentile of its calls' seconds, and counts.

    A call's seconds are what its caller waited, queue included.
    """
    waits = [call.total_s for call in done.calls]
    tokens = sum(call.prompt_tokens + call.output_tokens + call.reasoning_tokens for call in done.calls)
    latency = {"p95_s": float(np.quantile(waits, 0.95))} if waits else {}
    return {"cost_usd": done.cost_usd, "time_s": done.time_s, **latency, "calls": float(len(done.calls)),
            "tokens": float(tokens), "failed_attempts": float(len(done.failures))}  # fmt: skip


def leaves(measures: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, float | None]]:
    """The leaves of nested measures by dotted path, None for what is no finite number; truths are 0 and 1.

    A list is none either, but for [estimate, low, high] with the estimate within: that is the estimate.
    """
    for key, value in measures.items():
        name = f"{under}{key}"
        if isinstance(value, Mapping):
            yield from leaves(value, f"{name}.")
        else:
            yield name, _number(_estimate(value))


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and isfinite(value) else None
    except OverflowError:
        return None


def _estimate(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 3:
        return value
    numbers = [_number(one) for one in value]
    if any(one is None for one in numbers):
        return value
    mean, low, high = (one or 0.0 for one in numbers)
    slack = _ROUNDING * max(1.0, abs(mean))
    return mean if low - slack <= mean <= high + slack else value
