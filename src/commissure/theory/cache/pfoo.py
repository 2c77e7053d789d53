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
    spans = spans_of(uses, capacity, bypass=bypass).compressed()
    flat = np.full(len(spans.room), flat_price(spans))
    prices, ceiling = finer(spans, flat, rounds)
    kept = swept(spans, spans.values / spans.sizes - spans.rent(prices))
    by_density = swept(spans, spans.values / (spans.sizes * np.maximum(spans.last - spans.first + 1, 1)))
    if spans.values @ by_density > spans.values @ kept:
        kept = by_density
    lower_by = "PFOO-L" if prices is flat else "PFOO-L with finer prices"
    costs = uses.costs[uses.objects]
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
    best, ceiling = prices, spans.ceiling(prices)
    least = prices * 1e-6
    for number in range(rounds):
        wanted = spans.load(spans.values > spans.sizes * spans.rent(prices))
        excess = np.clip(wanted / np.maximum(spans.room, 1e-12) - 1.0, -2.0, 2.0)
        prices = np.maximum(prices * np.exp(0.5 * excess / np.sqrt(1.0 + number)), least)
        if (found := spans.ceiling(prices)) < ceiling:
            best, ceiling = prices, found
    return best, ceiling
