"""The split of a gain among the changes that made it: Shapley values of the logarithm of a ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial, log

from commissure.hal.errors import UsageError

MOST_FACTORS = 10


def shares(factors: Sequence[str], value: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """Each factor's part of log(value(none) / value(all)): how much of the ratio is due to it, in nats.

    `value` gives what is to become small, money or seconds, where these factors are switched on; above 0. The parts add
    up to the whole: Shapley values (A value for n-person games, 1953), each factor's gain averaged over all orders in
    which the changes can be made. Raises UsageError for values that have no logarithm, and for more than 10 factors.
    """
    if len(set(factors)) < len(factors) or not 1 <= len(factors) <= MOST_FACTORS:
        raise UsageError(f"a gain is split among 1 to {MOST_FACTORS} factors, each named once, not {list(factors)}")
    logs: dict[frozenset[str], float] = {}
    for size in range(len(factors) + 1):
        for chosen in combinations(factors, size):
            logs[frozenset(chosen)] = _log(value(frozenset(chosen)), chosen)
    return {factor: _share(factor, factors, logs) for factor in factors}


def _share(factor: str, factors: Sequence[str], logs: dict[frozenset[str], float]) -> float:
    others = [one for one in factors if one != factor]
    count, total = len(factors), 0.0
    for size in range(count):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for chosen in combinations(others, size):
            before = frozenset(chosen)
            total += weight * (logs[before] - logs[before | {factor}])
    return total


def _log(value: float, chosen: Sequence[str]) -> float:
    if not 0 < value < float("inf"):
        raise UsageError(
            f"the value with {', '.join(chosen) or 'nothing'} changed is {value}: a ratio needs it above 0"
        )
    return log(value)
