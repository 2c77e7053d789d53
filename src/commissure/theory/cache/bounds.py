"""What is known of the least cost, from below and from above, and how a policy stands against it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from commissure.hal.errors import CommissureError, UsageError
from commissure.theory.cache.spans import Mask
from commissure.theory.cache.uses import Floats

Mode = Literal["forced", "bypass"]
# A float sum of many costs is this exact, relative to its size; what HiGHS says is this sure.
EXACT, SOLVED = 1e-9, 1e-6


@dataclass(frozen=True, slots=True)
class Bracket:
    """The least cost that any policy can reach on a sequence lies between `lower` and `upper`, in `unit`.

    `lower_by` and `upper_by` say how they were found. `mode` is "forced" (what is used must be resident) or "bypass".
    `kept` says of each reuse interval whether the schedule behind `upper` keeps it; None where `upper` is a policy's.
    """

    lower: float
    upper: float
    lower_by: str
    upper_by: str
    mode: Mode
    unit: str
    kept: Mask | None = field(default=None, repr=False, compare=False)

    @property
    def exact(self) -> bool:
        """Whether the two agree, as far as numbers of this size can."""
        return self.upper - self.lower <= EXACT * max(1.0, abs(self.upper))

    @property
    def gap(self) -> float:
        """How far the least cost may lie below `upper`, as a part of it."""
        return (self.upper - self.lower) / self.upper if self.upper else 0.0

    def tightened(self, other: Bracket) -> Bracket:
        """The better of each end. Raises UsageError if the two are of another mode or unit, or exclude each other."""
        if (self.mode, self.unit) != (other.mode, other.unit):
            raise UsageError(f"these are brackets of {self.mode} {self.unit} and {other.mode} {other.unit}")
        lower = max(self, other, key=lambda one: one.lower)
        upper = min(self, other, key=lambda one: one.upper)
        if upper.upper < lower.lower - EXACT * max(1.0, abs(lower.lower)):
            raise UsageError(
                f"{upper.upper_by} costs {upper.upper:g} {self.unit}, below the lower bound {lower.lower:g} of "
                f"{lower.lower_by}: it is of another sequence, capacity, mode (here {self.mode}) or unit"
            )
        return replace(upper, lower=min(lower.lower, upper.upper), lower_by=lower.lower_by)

    def with_policy(self, cost: float, name: str = "a policy") -> Bracket:
        """Tightened by what a policy costs. Raises UsageError if that is below the lower bound."""
        return self.tightened(Bracket(-np.inf, cost, "", name, self.mode, self.unit))


def bracket_of(
    costs: Floats, values: Floats, ceiling: float, kept: Mask, lower_by: str, upper_by: str, *, bypass: bool, unit: str
) -> Bracket:
    """The bracket when the uses cost this without a cache, `kept` saves its `values`, and nothing more than `ceiling`.

    Where all costs and values are whole numbers the lower end is rounded up to one.
    """
    total = float(costs.sum())
    lower, upper = max(total - ceiling, 0.0), total - float(values @ kept)
    if all((amounts == np.round(amounts)).all() for amounts in (costs, values)):
        lower = float(np.ceil(lower - EXACT * (1.0 + total)))
    if lower > upper + SOLVED * (1.0 + total):
        raise CommissureError(
            f"{upper_by} reaches {upper!r}, below the bound {lower!r} of {lower_by}: this is a defect"
        )
    return Bracket(min(lower, upper), upper, lower_by, upper_by, "bypass" if bypass else "forced", unit, kept)


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy against the optimum: `guaranteed` holds whatever the optimum is, `optimistic` if it is the upper end.

    Savings efficiency E = (cost without cache - cost) / (cost without cache - optimum) is 1 for an optimal policy and 0
    for one that saves nothing; regret = cost / optimum - 1.
    """

    efficiency_guaranteed: float
    efficiency_optimistic: float
    regret_guaranteed: float
    regret_optimistic: float
    mode: Mode
    unit: str


def efficiency(cost_without_cache: float, policy_cost: float, bracket: Bracket) -> Standing:
    """How a policy stands. All costs are in `bracket.unit` and of the same sequence, capacity and mode.

    Where nothing can be saved, a policy that saves nothing has E = 1. Raises UsageError for a cost below the lower
    bound or above that without a cache.
    """
    bracket = bracket.with_policy(policy_cost, "this policy")
    if policy_cost > cost_without_cache * (1 + EXACT):
        raise UsageError(
            f"a cost of {policy_cost:g} is above that without a cache, {cost_without_cache:g} {bracket.unit}"
        )
    saved = cost_without_cache - policy_cost

    def part(optimum: float) -> float:
        return saved / (cost_without_cache - optimum) if optimum < cost_without_cache else 1.0

    def regret(optimum: float) -> float:
        if optimum <= 0:
            return 0.0 if policy_cost <= 0 else float("inf")
        return policy_cost / optimum - 1.0

    low, high = bracket.lower, bracket.upper
    return Standing(part(low), part(high), regret(low), regret(high), bracket.mode, bracket.unit)
