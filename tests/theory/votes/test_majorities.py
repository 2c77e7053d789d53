import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from commissure.hal.errors import UsageError
from commissure.theory.votes.compound import EasyAndHard
from commissure.theory.votes.condorcet import correlated_majority, effective_votes, majority


@pytest.mark.parametrize(("rho", "expected"), [(0.0, 0.962), (0.1, 0.804), (0.3, 0.706)])
def test_correlation_takes_the_reference_values_from_a_majority(rho: float, expected: float) -> None:
    assert correlated_majority(33, 0.65, rho) == pytest.approx(expected, abs=1e-3)


@given(st.integers(1, 60), st.floats(1e-6, 1 - 1e-6))
def test_a_majority_is_the_tail_of_a_binomial_and_half_a_tie(n: int, p: float) -> None:
    expected = binom.sf(n // 2, n, p) + (binom.pmf(n // 2, n, p) / 2 if n % 2 == 0 else 0)
    assert majority(n, p) == pytest.approx(expected, abs=1e-12)
    assert majority(n, p) + majority(n, 1 - p) == pytest.approx(1)


def test_a_correlated_majority_is_what_votes_of_a_drawn_probability_say() -> None:
    p = np.random.default_rng(1).beta(0.65 * 4, 0.35 * 4, size=200_000)  # a + b = 4: rho = .2
    drawn = float(np.mean(binom.sf(4, 9, p)))
    assert correlated_majority(9, 0.65, 0.2) == pytest.approx(drawn, abs=0.003)
    assert correlated_majority(9, 0.65, 1.0) == 0.65


def test_effective_votes_go_from_n_to_one_over_rho() -> None:
    assert effective_votes(33, 0) == 33
    assert effective_votes(33, 1) == 1
    assert effective_votes(10**9, 0.1) == pytest.approx(10, rel=1e-6)


@given(st.floats(0.02, 0.98), st.floats(0.51, 0.9), st.floats(0.1, 0.49))
def test_the_shape_and_turn_of_easy_and_hard_are_those_of_the_curve(easy: float, p_easy: float, p_hard: float) -> None:
    mix = EasyAndHard(easy, p_easy, p_hard)
    turn, values = mix.turning_point, np.array([mix.accuracy(k) for k in range(1, 82, 2)])
    steps = np.diff(values)
    near = 20 if turn is None else min(20, max(1, turn // 2))  # before this step the curve has its first direction
    goes_up = mix.shape in ("up", "up then down")
    assert (steps[:near] >= -1e-13).all() if goes_up else (steps[:near] <= 1e-13).all()
    if abs(steps[0]) > 1e-12:
        assert goes_up == (easy > 1 - 1 / mix.t)
    if turn is not None and turn < 80:
        extreme = values.max() if mix.shape == "up then down" else values.min()
        assert mix.accuracy(turn) == pytest.approx(extreme, abs=1e-12)
    if turn is None:
        assert (steps >= -1e-13).all() or (steps <= 1e-13).all()


def test_the_four_shapes_with_the_sign_of_the_sum_as_the_increments_have_it() -> None:
    assert EasyAndHard(0.6, 0.85, 0.4).shape == "up then down"
    assert EasyAndHard(0.05, 0.85, 0.4).shape == "down"
    assert EasyAndHard(0.9, 0.6, 0.1).shape == "up"
    assert EasyAndHard(0.1, 0.6, 0.1).shape == "down then up"
    assert EasyAndHard(0.5, 0.7, 0.3).shape == "flat"


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match="0 votes"):
        majority(0, 0.5)
    with pytest.raises(UsageError, match="rho"):
        effective_votes(3, 1.5)
    with pytest.raises(UsageError, match="5 is the next"):
        EasyAndHard(0.5, 0.7, 0.2).accuracy(4)
    with pytest.raises(UsageError, match="majority"):
        EasyAndHard(0.5, 0.7, 0.6)
