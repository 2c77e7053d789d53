"""Small cases for the optima, and their answers by trying everything."""

from collections.abc import Sequence
from functools import cache
from itertools import combinations

from hypothesis import strategies as st

from commissure.theory.cache.spans import Mask
from commissure.theory.cache.uses import Uses

Case = tuple[Uses, int]


@st.composite
def sized(draw: st.DrawFn, objects: int = 4, uses: int = 9, size: int = 4, cost: int = 9) -> Case:
    """Uses of a few objects with whole sizes and costs, and a capacity that takes any one of them."""
    keys = draw(st.lists(st.integers(0, objects - 1), min_size=1, max_size=uses))
    sizes = {key: draw(st.integers(1, size)) for key in sorted(set(keys))}
    costs = {key: draw(st.integers(0, cost)) for key in sorted(set(keys))}
    capacity = draw(st.integers(max(sizes.values()), max(1, sum(sizes.values()))))
    return Uses.of(keys, sizes, costs), capacity


def least_cost(uses: Uses, capacity: float, bypass: bool) -> float:
    """The least cost over all decisions of a cache."""
    sizes, costs = uses.sizes.tolist(), uses.costs.tolist()

    @cache
    def best(position: int, held: frozenset[int]) -> float:
        if position == len(uses):
            return 0.0
        entry = int(uses.objects[position])
        if entry in held:
            return best(position + 1, held)
        options = [one | {entry} for one in subsets(held) if sum(sizes[key] for key in (*one, entry)) <= capacity]
        if bypass:
            options.append(held)
        return float(costs[entry]) + min(best(position + 1, option) for option in options)

    return best(0, frozenset())


def subsets(held: frozenset[int]) -> list[frozenset[int]]:
    """All subsets."""
    return [frozenset(chosen) for count in range(len(held) + 1) for chosen in combinations(sorted(held), count)]


def played(uses: Uses, capacities: Sequence[float], kept: Mask, bypass: bool) -> list[list[bool]]:
    """Play a schedule use by use and demand that it fits; of each tier and use, whether it comes from there."""
    starts, ends = uses.intervals()
    count = len(starts)
    begins = dict(zip(starts.tolist(), range(count), strict=True))
    finishes = dict(zip(ends.tolist(), range(count), strict=True))
    found = []
    for tier, capacity in enumerate(capacities):
        held: set[int] = set()
        hits = []
        forced = tier == 0 and not bypass
        for position, entry in enumerate(uses.objects.tolist()):
            hit = position in finishes and bool(kept[tier * count + finishes[position]])
            assert not hit or entry in held
            hits.append(hit)
            held.discard(entry)
            beside = {entry} if forced else set()
            assert sum(uses.sizes[list(held | beside)]) <= capacity * (1 + 1e-11)
            if position in begins and kept[tier * count + begins[position]]:
                held.add(entry)
            assert sum(uses.sizes[list(held)]) <= capacity * (1 + 1e-11)
        found.append(hits)
    return found
