"""The one entry, and what is said of a policy by it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.bounds import Bracket, efficiency
from commissure.theory.cache.bracket import Effort, bracket
from commissure.theory.cache.uses import Uses
from tests.theory.cache.cases import Case, least_cost, played, sized

EFFORTS: tuple[Effort, ...] = ("quick", "normal", "thorough")


@given(case=sized(), bypass=st.booleans())
@settings(deadline=None)
def test_the_optimum_is_inside_and_more_effort_is_no_worse(case: Case, bypass: bool) -> None:
    uses, capacity = case
    best = least_cost(uses, capacity, bypass)
    found = [bracket(uses, capacity, bypass=bypass, effort=effort) for effort in EFFORTS]
    for one in found:
        assert one.lower <= best + 1e-6
        assert best <= one.upper + 1e-6
        assert one.lower <= one.upper
        assert one.mode == ("bypass" if bypass else "forced")
    assert all(less.lower <= more.lower + 1e-6 for less, more in pairwise(found))
    assert found[1].exact


@given(
    keys=st.lists(st.integers(0, 5), max_size=30),
    capacity=st.floats(1, 9),
    size=st.sampled_from([1.0, 0.7, 2.7]),
    bypass=st.booleans(),
)
def test_objects_alike_are_a_matter_of_misses(keys: list[int], capacity: float, size: float, bypass: bool) -> None:
    places = int(capacity + 1e-6)
    uses = Uses.of(keys, dict.fromkeys(keys, size), dict.fromkeys(keys, 3.0))
    found = bracket(uses, places * size, bypass=bypass)
    assert found.exact
    assert found.upper == pytest.approx(3 * len(fewest_misses(keys, places, bypass=bypass)))


def test_an_object_above_the_capacity_is_always_missed_with_bypass() -> None:
    assert bracket(Uses.of("aaa", {"a": 5}), 4, bypass=True).lower == 3
    with pytest.raises(UsageError, match="does not fit"):
        bracket(Uses.of("aaa", {"a": 5}), 4)


def test_long_sequences_get_the_quick_bound_and_known_policies_tighten_it() -> None:
    rng = np.random.default_rng(5)
    keys = rng.zipf(1.2, 30_000) % 3000
    sizes = {key: float(rng.integers(1, 20)) for key in range(3000)}
    uses = Uses.of(keys, sizes)
    found = bracket(uses, 3000, unit="misses")
    assert found.lower_by.startswith("PFOO-L")
    assert found.gap < 0.05
    middle = (found.lower + found.upper) / 2
    known = bracket(uses, 3000, policy_cost=middle, unit="misses")
    assert (known.upper, known.upper_by, known.unit) == (middle, "a policy", "misses")
    assert known.kept is None
    with pytest.raises(UsageError, match=r"below the lower bound.*mode \(here forced\)"):
        bracket(uses, 3000, policy_cost=found.lower - 1, unit="misses")


@pytest.mark.parametrize("bypass", [False, True])
def test_sizes_and_costs_over_many_magnitudes(bypass: bool) -> None:
    """An object of a millionth of the largest must not slip through in the rounding of sums."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        plain = Uses.of(rng.zipf(1.2, 2000) % 200)
        count = len(plain.sizes)
        uses = Uses(plain.objects, rng.lognormal(0, 5, count), rng.lognormal(0, 5, count))
        found = bracket(uses, float(uses.sizes.max()) * 1.001, bypass=bypass)
        assert found.lower <= found.upper
        assert found.kept is not None
        (hits,) = played(uses, [uses.sizes.max() * 1.001], found.kept, bypass)
        assert uses.costs[uses.objects][~np.array(hits)].sum() == pytest.approx(found.upper)


def test_standing_on_the_loop() -> None:
    uses = Uses.of(list(range(6)) * 12)
    found = bracket(uses, 5, unit="misses")
    lru, mru, random = (efficiency(uses.cost_without_cache, cost, found) for cost in (72, 19, 28))
    assert (lru.efficiency_guaranteed, mru.efficiency_guaranteed, mru.regret_guaranteed) == (0, 1, 0)
    assert random.efficiency_guaranteed == random.efficiency_optimistic == pytest.approx(44 / 53)
    assert random.regret_guaranteed == pytest.approx(9 / 19)
    assert (random.mode, random.unit) == ("forced", "misses")


def test_what_is_guaranteed_is_less_than_what_may_be() -> None:
    stands = efficiency(100, 70, Bracket(40, 60, "below", "above", "forced", "s"))
    assert stands.efficiency_guaranteed == pytest.approx(30 / 60)
    assert stands.efficiency_optimistic == pytest.approx(30 / 40)
    assert stands.regret_guaranteed == pytest.approx(30 / 40)
    assert stands.regret_optimistic == pytest.approx(10 / 60)
    better = efficiency(100, 50, Bracket(40, 60, "below", "above", "forced", "s"))
    assert (better.efficiency_optimistic, better.regret_optimistic) == (1, 0), "the policy itself is the upper end"
    assert efficiency(100, 100, Bracket(100, 100, "", "", "forced", "s")).efficiency_guaranteed == 1
    assert efficiency(5, 0, Bracket(0, 0, "", "", "forced", "s")).regret_guaranteed == 0


def test_what_does_not_belong_together_is_refused() -> None:
    one = Bracket(40, 60, "below", "above", "forced", "s")
    with pytest.raises(UsageError, match="forced s and bypass s"):
        one.tightened(Bracket(40, 60, "", "", "bypass", "s"))
    with pytest.raises(UsageError, match="above that without a cache, 100 s"):
        efficiency(100, 130, one)
    with pytest.raises(UsageError, match="Did you mean 'normal'"):
        bracket(Uses.of("ab"), 1, effort="norml")  # type: ignore[arg-type]
