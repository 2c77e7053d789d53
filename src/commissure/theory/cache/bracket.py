"""One entry to the optimum of one memory: the best bounds that a given effort finds."""

from __future__ import annotations

from typing import Literal

import numpy as np

from commissure.hal.errors import UsageError, unknown
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.bounds import Bracket, bracket_of
from commissure.theory.cache.pfoo import pfoo
from commissure.theory.cache.program import program
from commissure.theory.cache.spans import SLACK, spans_of
from commissure.theory.cache.uses import Uses, next_use

Effort = Literal["quick", "normal", "thorough"]
# Reuse intervals up to which the integer program is solved, those up to which the linear one is, and seconds that the
# integer one may take. The linear one takes a second or two for 20,000 and some 20 s for 100,000.
LIMITS: dict[Effort, tuple[int, int, float]] = {
    "quick": (0, 0, 0.0),
    "normal": (300, 20_000, 10.0),
    "thorough": (1_500, 100_000, 60.0),
}


def bracket(
    uses: Uses,
    capacity: float,
    *,
    bypass: bool = False,
    effort: Effort = "normal",
    policy_cost: float | None = None,
    unit: str = "miss cost",
) -> Bracket:
    """Between what bounds the least cost of any policy lies.

    Objects of one size and cost: Belady's MIN, exact. Otherwise PFOO; up to some length the linear program too, and the
    integer one where the sequence is short and the others leave a gap. A `policy_cost` that is already known, of
    the same sequence, capacity, mode and unit, tightens the upper end.
    Raises UsageError for another effort, a policy_cost below the lower bound, and as `spans_of` does.
    """
    if not isinstance(uses, Uses):
        raise UsageError(f"bracket() takes Uses, not {type(uses).__name__}: make them of keys by Uses.of(keys)")
    if effort not in LIMITS:
        raise unknown("effort", effort, LIMITS)
    whole_up_to, linear_up_to, time_limit_s = LIMITS[effort]
    intervals = len(uses) - len(np.unique(uses.objects))
    if uses.alike:
        found = _by_misses(uses, capacity, bypass, unit)
    else:
        found = pfoo(uses, capacity, bypass=bypass, unit=unit)
        if intervals <= linear_up_to:
            found = program(uses, capacity, bypass=bypass, unit=unit).tightened(found)
        if intervals <= whole_up_to and not found.exact:
            best = program(uses, capacity, bypass=bypass, integer=True, time_limit_s=time_limit_s, unit=unit)
            found = best.tightened(found)
    return found if policy_cost is None else found.with_policy(policy_cost)


def _by_misses(uses: Uses, capacity: float, bypass: bool, unit: str) -> Bracket:
    spans = spans_of(uses, capacity, bypass=bypass)
    following = next_use(uses.objects)
    places = int(capacity / uses.sizes[0] * (1 + SLACK)) if len(uses) else 0
    missed = np.full(len(uses), not places)
    if places:
        missed[fewest_misses((), places, bypass=bypass, following=following)] = True
    kept = ~missed[following[following < len(following)]]
    costs = uses.costs[uses.objects]
    ceiling = float(spans.values @ kept)
    return bracket_of(costs, spans.values, ceiling, kept, "Belady's MIN", "Belady's MIN", bypass=bypass, unit=unit)
