"""The record of a known sequence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.cache.uses import Uses, next_use


@given(keys=st.lists(st.sampled_from("abcde")))
def test_next_uses_are_those_found_by_looking(keys: list[str]) -> None:
    uses = Uses.of(keys)
    count = len(keys)
    expected = [next((t for t in range(at + 1, count) if keys[t] == keys[at]), count) for at in range(count)]
    assert next_use(uses.objects).tolist() == expected
    starts, ends = uses.intervals()
    assert [(a, b) for a, b in enumerate(expected) if b < len(keys)] == list(zip(starts, ends, strict=True))
    assert sorted(set(uses.objects.tolist())) == list(range(len(set(keys))))


def test_keys_of_an_array_keep_their_sizes_and_costs() -> None:
    uses = Uses.of(np.array([30, 10, 30]), {10: 1.5, 30: 2.5}, {10: 4, 30: 6})
    assert uses.sizes[uses.objects].tolist() == [2.5, 1.5, 2.5]
    assert uses.cost_without_cache == 16
    assert not uses.alike
    assert Uses.of("aab", {"a": 2, "b": 2}).alike


@pytest.mark.parametrize(
    ("sizes", "costs", "complaint"),
    [
        ({"a": 1}, None, "'b' is used but has no size"),
        (None, {"b": 1}, "'a' is used but has no cost"),
        ({"a": 0, "b": 1}, None, "object 0 has size 0"),
        (None, {"a": 1, "b": float("nan")}, "object 1 has cost nan"),
        (None, {"a": 1, "b": -1}, "object 1 has cost -1"),
    ],
)
def test_what_is_wrong_is_named(sizes: dict[str, float] | None, costs: dict[str, float] | None, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        Uses.of("ab", sizes, costs)


def test_arrays_that_do_not_belong_together() -> None:
    ones = np.ones(2)
    with pytest.raises(UsageError, match="objects go from 0 to 2"):
        Uses(np.array([0, 2]), ones, ones)
    with pytest.raises(UsageError, match="2 sizes but 3 costs"):
        Uses(np.array([0, 1]), ones, np.ones(3))
    with pytest.raises(UsageError, match="int64"):
        Uses(np.array([0.0, 1.0]), ones, ones)
