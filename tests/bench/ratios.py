"""Paired measurement: two programs in turn, so that a drift of the machine's speed falls on both."""

from collections.abc import Callable
from statistics import median, quantiles
from time import perf_counter


def paired(ours: Callable[[], object], floor: Callable[[], object], pairs: int = 15) -> list[float]:
    """Time ours / time floor, pair by pair, after one uncounted pair."""
    ratios = []
    for number in range(pairs + 1):
        began = perf_counter()
        ours()
        middle = perf_counter()
        floor()
        ended = perf_counter()
        if number:
            ratios.append((middle - began) / (ended - middle))
    return ratios


def line(name: str, ratios: list[float], note: str) -> str:
    """One line of a benchmark's table."""
    low, _, high = quantiles(ratios, n=4)
    return f"{name:<44} {median(ratios):6.2f}x  (quartiles {low:.2f} .. {high:.2f})  {note}"
