"""Lengths of answers: the closed form of the longest is what enumeration gives."""

from itertools import product
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.scenarios.tool_calling.silicon.lengths import EQUAL, SPREAD, Lengths


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5), st.integers(1, 4))
def test_the_longest_is_that_of_all_combinations(values: list[int], n: int) -> None:
    brute = fmean(max(chosen) for chosen in product(values, repeat=n))
    assert Lengths(tuple(values)).longest(n) == pytest.approx(brute)


def test_one_length_has_no_spread_and_one_answer_no_rival() -> None:
    assert EQUAL.longest(32) == EQUAL.mean == 60
    assert SPREAD.longest(1) == pytest.approx(SPREAD.mean)
    assert SPREAD.longest(8) == pytest.approx(75 - sum((j / 31) ** 8 for j in range(1, 31)))


def test_draws_are_of_the_lengths_and_of_their_mean() -> None:
    drawn = [SPREAD.drawn(seed) for seed in range(2000)]
    assert set(drawn) == set(SPREAD.values)
    assert fmean(drawn) == pytest.approx(SPREAD.mean, rel=0.02)
    assert drawn == [SPREAD.drawn(seed) for seed in range(2000)]


@pytest.mark.parametrize("values", [(), (0, 5)])
def test_lengths_that_are_none(values: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="from 1 on"):
        Lengths(values)
