from time import process_time

import numpy as np
import pytest
from scipy.stats import binomtest

from commissure.hal.errors import UsageError
from commissure.theory.intervals import mean_interval, paired_interval, wilson_interval


def test_pairing_takes_out_what_the_records_share() -> None:
    chance = np.random.default_rng(1)
    hard = chance.normal(0, 10, size=150)
    first, second = hard + chance.normal(1, 0.5, size=150), hard + chance.normal(0, 0.5, size=150)
    paired = paired_interval(first, second, seed=2)
    assert paired.mean == pytest.approx(float(np.mean(first - second)))
    assert 1.0 in paired
    assert paired.high - paired.low < 0.5
    assert mean_interval(first, seed=2).high - mean_interval(first, seed=2).low > 2


def test_the_interval_of_a_mean_is_near_the_normal_one_and_keeps_its_level() -> None:
    chance, held = np.random.default_rng(3), 0
    for study in range(200):
        values = chance.random(150) < 0.3
        interval = mean_interval(values, seed=study, resamples=1000)
        held += 0.3 in interval
        half = 1.96 * values.std() / np.sqrt(150)
        assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.15)
    assert 180 <= held <= 198


def test_the_same_seed_gives_the_same_interval_in_parts_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(4).random(50)
    whole = mean_interval(values, seed=5)
    monkeypatch.setattr("commissure.theory.intervals._AT_ONCE", 1 << 10)
    assert mean_interval(values, seed=5) == whole
    assert mean_interval(values, seed=6) != whole


def test_ten_thousand_resamples_of_150_records_are_well_under_a_second() -> None:
    values = np.random.default_rng(0).random(150)
    began = process_time()
    paired_interval(values, values[::-1], seed=1)
    assert process_time() - began < 1.0


@pytest.mark.parametrize(("right", "n"), [(0, 10), (3, 10), (10, 10), (77, 150), (1, 1)])
def test_wilsons_interval_is_scipys(right: int, n: int) -> None:
    ours, theirs = wilson_interval(right, n), binomtest(right, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match="given 2 and 3"):
        paired_interval([1, 2], [1, 2, 3], seed=0)
    with pytest.raises(UsageError, match="at least one record"):
        mean_interval([], seed=0)
    with pytest.raises(UsageError, match="finite"):
        mean_interval([1.0, float("nan")], seed=0)
    with pytest.raises(UsageError, match="level"):
        wilson_interval(1, 2, level=95)
    with pytest.raises(UsageError, match="3 right of 2"):
        wilson_interval(3, 2)


def test_a_seed_below_zero_is_one_of_its_own() -> None:
    values = np.random.default_rng(4).normal(size=20)
    once, again, positive = (mean_interval(values, seed=seed, resamples=100) for seed in (-3, -3, 3))
    assert once == again != positive
