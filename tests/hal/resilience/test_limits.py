"""Token buckets admit no more than their quota, say when a call fits, and lose no token."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.resilience.limits import CLOCK_S, Bucket

CAPACITY, PERIOD_S = 70, 60.0
RATE = CAPACITY / PERIOD_S
GAPS = st.one_of(st.just(0.0), st.floats(0, 200, allow_subnormal=False))
CALLS = st.lists(st.tuples(GAPS, st.integers(0, CAPACITY), st.integers(0, 2 * CAPACITY)), max_size=40)


@given(CALLS)
def test_no_window_admits_more_than_capacity_and_refill(calls: list[tuple[float, int, int]]) -> None:
    bucket, now = Bucket(CAPACITY, PERIOD_S), 0.0
    admitted: list[tuple[float, int]] = []
    for gap_s, amount, _ in calls:
        now += gap_s
        if bucket.wait_s(amount, now) == 0.0:
            bucket.take(amount, now)
            admitted.append((now, amount))
    for begin, (since_s, _) in enumerate(admitted):
        total = 0
        for time_s, amount in admitted[begin:]:
            total += amount
            assert total <= CAPACITY + RATE * (time_s - since_s + 2 * CLOCK_S)


@given(CALLS)
def test_a_refused_call_fits_exactly_after_the_wait_it_was_told(calls: list[tuple[float, int, int]]) -> None:
    bucket, now = Bucket(CAPACITY, PERIOD_S), 0.0
    for gap_s, amount, _ in calls:
        now += gap_s
        wait_s = bucket.wait_s(amount, now)
        if wait_s:
            assert bucket.wait_s(amount, now + wait_s - 3 * CLOCK_S) > 0.0 or wait_s < 3 * CLOCK_S
            assert bucket.level(now + wait_s) == pytest.approx(amount, abs=1e-5)
            now += wait_s
        assert bucket.wait_s(amount, now) == 0.0
        bucket.take(amount, now)


def test_clocks_that_round_do_not_refuse_a_call_that_came_as_told() -> None:
    for number in range(2000):
        dice = np.random.default_rng(number)
        bucket, now = Bucket(CAPACITY, PERIOD_S), float(dice.uniform(0, 20))
        bucket.take(CAPACITY, now)
        now += float(dice.uniform(0, 5))
        amount = int(dice.integers(1, CAPACITY + 1))
        assert bucket.wait_s(amount, now + bucket.wait_s(amount, now)) == 0.0


@given(CALLS)
def test_reservations_and_refunds_keep_the_level_of_exact_arithmetic(calls: list[tuple[float, int, int]]) -> None:
    """Each call reserves when the next one ends: its refund, or its debt, comes with it."""
    bucket, now = Bucket(CAPACITY, PERIOD_S), 0.0
    exact, exact_at, owed = Fraction(CAPACITY), Fraction(0), 0
    for gap_s, asked, used in calls:
        now += gap_s
        exact = min(Fraction(CAPACITY), exact + (Fraction(now) - exact_at) * CAPACITY / Fraction(PERIOD_S))
        exact_at = Fraction(now)
        exact = min(Fraction(CAPACITY), exact - owed)
        bucket.take(owed, now)
        owed = 0
        assert bucket.level(now) == pytest.approx(float(exact), abs=1e-6)
        if bucket.wait_s(asked, now) == 0.0:
            bucket.take(asked, now)
            exact -= asked
            owed = used - asked


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_within_an_instant_what_is_missing_is_what_was_used(calls: list[tuple[int, int]]) -> None:
    bucket = Bucket(CAPACITY, PERIOD_S)
    for asked, _ in calls:
        bucket.take(asked, 7.0)
    for asked, used in calls:
        bucket.take(min(asked, used) - asked, 7.0)
    assert CAPACITY - bucket.level(7.0) == pytest.approx(sum(min(call) for call in calls), abs=1e-6)
