"""Bounds for long sequences with sizes and costs: a price of room, made finer in time, and a greedy schedule."""

from __future__ import annotations

import numpy as np

from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.greedy import swept
from commissure.theory.cache.spans import Spans, spans_of
from commissure.theory.cache.uses import Floats, Uses


def pfoo(uses: Uses, capacity: float, *, bypass: bool = False, rounds: int = 10, unit: str = "miss cost") -> Bracket:
    """The bracket by PFOO-L, its price made finer in this many rounds, and by one greedy pass at these prices.

    PFOO-L (Berger, Beckmann, Harchol-Balter 2018) takes the intervals of the least size * length per cost until they
    fill capacity * length of the sequence, the last in part. It holds forced as well: the rows of all points,
    "what is kept across use t fits beside the object of t", sum up to sum of size * (length strictly inside) <= sum of
    (capacity - size of the object of t), and the best that obeys the sum alone is that fractional knapsack. Its
    critical ratio is a price of room, the best of those that are the same at all times; other prices give a bound as
    well (`Spans.ceiling`), and `rounds` of multiplicative steps look for better ones.
    Raises UsageError as `spans_of` does.
    """
    every = spans_of(uses, capacity, bypass=bypass)
    published = every.ceiling(np.full(len(every.room), flat_price(every)))
    spans = every.compressed()
    prices, ceiling = finer(spans, np.full(len(spans.room), flat_price(spans)), rounds)
    kept = swept(spans, spans.profits(prices) / spans.sizes)
    lower_by = "PFOO-L" if published <= ceiling else "PFOO-L with finer prices"
    costs, ceiling = uses.costs[uses.objects], min(ceiling, published)
    return bracket_of(costs, spans.values, ceiling, kept, lower_by, "greedy pass", bypass=bypass, unit=unit)


def flat_price(spans: Spans) -> float:
    """The price of room at which the intervals that gain by it take all room there is: PFOO-L's critical ratio."""
    taking = spans.sizes * np.maximum(spans.last - spans.first + 1, 0)
    some = np.flatnonzero((taking > 0) & (spans.values > 0))
    ratios = spans.values[some] / taking[some]
    order = np.argsort(-ratios)
    full = int(np.searchsorted(np.cumsum(taking[some][order]), spans.room.sum(), side="right"))
    return float(ratios[order[full]]) if full < len(order) else 0.0


def finer(spans: Spans, prices: Floats, rounds: int) -> tuple[Floats, float]:
    """Prices raised where more is wanted than there is room, lowered where less: the best found, and its ceiling."""
    best, ceiling = prices, np.inf
    least, room = prices * 1e-6, np.maximum(spans.room, 1e-12)
    for number in range(rounds + 1):
        profits = spans.profits(prices)
        found = float(prices @ spans.room + np.maximum(profits, 0.0).sum())
        if found < ceiling:
            best, ceiling = prices, found
        excess = np.clip(spans.load(profits > 0) / room - 1.0, -2.0, 2.0)
        prices = np.maximum(prices * np.exp(0.5 * excess / np.sqrt(1.0 + number)), least)
    return best, ceiling
