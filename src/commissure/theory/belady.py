"""Belady's MIN: the fewest misses that any eviction policy can reach on a known sequence of uses."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from commissure.hal.errors import UsageError


def fewest_misses(uses: Sequence[Hashable], places: int, *, bypass: bool = False) -> list[int]:
    """The positions of the misses under the optimal policy for entries of equal size.

    Forced residency: what is used must be resident, so a miss always displaces (classical MIN, the rule
    of an engine that runs a prompt in a slot). With `bypass` a miss may be served without a place.
    Evicting the entry whose next use is furthest is optimal (Belady 1966; Mattson et al. 1970).
    Raises UsageError unless places >= 1.
    """
    if places < 1:
        raise UsageError(f"a cache needs places >= 1, not {places}")
    next_use = _next_uses(uses)
    resident: dict[Hashable, float] = {}
    misses = []
    for position, entry in enumerate(uses):
        if entry not in resident:
            misses.append(position)
            if len(resident) == places:
                victim = max(resident, key=resident.__getitem__)
                if bypass and resident[victim] <= next_use[position]:
                    continue
                del resident[victim]
        resident[entry] = next_use[position]
    return misses


def _next_uses(uses: Sequence[Hashable]) -> list[float]:
    """For each position the position of the same entry's next use, infinite after its last."""
    later: dict[Hashable, int] = {}
    result = [math.inf] * len(uses)
    for position in range(len(uses) - 1, -1, -1):
        result[position] = later.get(uses[position], math.inf)
        later[uses[position]] = position
    return result
