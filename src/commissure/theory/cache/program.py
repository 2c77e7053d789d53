"""The least cost of one memory with sizes and costs: FOO as a linear program, exact as an integer one."""

from __future__ import annotations

from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.greedy import rounded, swept
from commissure.theory.cache.solve import integral, relaxed
from commissure.theory.cache.spans import spans_of
from commissure.theory.cache.uses import Uses


def program(
    uses: Uses,
    capacity: float,
    *,
    bypass: bool = False,
    integer: bool = False,
    time_limit_s: float = 60.0,
    unit: str = "miss cost",
) -> Bracket:
    """The bracket of the linear program, or with `integer` that of the integer one within this time.

    With equal sizes the program is totally unimodular, so that the linear one is exact; with others the problem is
    strongly NP-hard, and the linear one is the bound FOO (Berger, Beckmann, Harchol-Balter 2018, arXiv 1711.03709),
    below the optimum by little unless objects are few and large. `upper` is the cost of a schedule: the best of the
    rounded fractions (FOO-U), of one pass that keeps what is worth most at the program's own prices and, with
    `integer`, of the best that HiGHS found. Takes under a second for 10,000 reuse intervals, some 20 for 100,000.
    Raises UsageError as `spans_of` does.
    """
    spans = spans_of(uses, capacity, bypass=bypass).compressed()
    linear = relaxed([spans])
    assert linear.parts is not None
    ceiling, lower_by, upper_by = linear.ceiling, "linear program", "linear program, rounded"
    kept = rounded(spans, linear.parts)
    by_price = swept(spans, spans.profits(linear.prices[0]) / spans.sizes)
    if spans.values @ by_price > spans.values @ kept:
        kept, upper_by = by_price, "greedy at the linear program's prices"
    if integer:
        best = integral([spans], time_limit_s=time_limit_s)
        if best.ceiling < ceiling:
            ceiling, lower_by = best.ceiling, "integer program"
        whole = kept if best.parts is None else rounded(spans, best.parts)
        if spans.values @ whole > spans.values @ kept:
            kept, upper_by = whole, "integer program"
    costs = uses.costs[uses.objects]
    return bracket_of(costs, spans.values, ceiling, kept, lower_by, upper_by, bypass=bypass, unit=unit)
