from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.context.curve import Curve, curve_for, effective_tokens, fit, fit_of, reach_beside
from commissure.theory.context.published import published
from commissure.theory.context.spread import disagreement, rows, spread_of

UNDER = 5.0
# What each curve is off by at its own points, and at points left out, in points of 100. A fit must be near its points;
# the last two are what one point more or less foretells: with a cliff between two lengths that is not under five.
ERRORS = [
    ("constant", "rlm", 0.0, 0.0),
    ("linear", "oolong", 0.34, 4.59),
    ("linear", "rlm", 3.56, 7.86),
    ("quadratic", "rlm", 0.23, 8.64),
]


@pytest.mark.parametrize(("demand", "source", "error", "left_out"), ERRORS)
def test_the_frontier_curve_is_near_the_published_points(
    demand: str, source: str, error: float, left_out: float
) -> None:
    found = fit_of("gpt-5", demand, source)
    assert found is not None
    assert found.error < UNDER
    assert found.error == pytest.approx(error, abs=0.1)
    assert found.left_out_error == pytest.approx(left_out, abs=0.2)


def test_the_series_of_other_models_are_fitted_alike() -> None:
    found = {(row.model, row.demand, row.source): row for row in rows()}
    assert len(found) == len(published().series)
    for row in found.values():
        assert row.fit.error < UNDER
        assert row.fit.left_out_error is not None
        assert row.fit.left_out_error >= row.fit.error
        assert row.read_off_a_plot == (row.source == "rlm")
    over = {key for key, row in found.items() if (row.fit.left_out_error or 0) >= UNDER}
    assert {("gpt-5", "linear", "rlm"), ("gpt-5", "quadratic", "rlm")} <= over


def test_two_sources_disagree_by_more_than_either_fit_is_off() -> None:
    assert disagreement("gpt-5", "linear", "oolong", "rlm") > UNDER
    with pytest.raises(UsageError, match="o3"):
        disagreement("o3", "linear", "oolong", "rlm")


@settings(max_examples=15, deadline=None)
@given(st.floats(0.7, 1), st.floats(0, 0.4), st.floats(1e4, 8e4), st.floats(0.8, 4))
def test_a_curve_is_found_again_from_its_own_points(top: float, floor: float, half: float, steep: float) -> None:
    true = Curve(top, floor, half, steep)
    scores = {2**power: 100 * true.at(2**power) for power in range(11, 20)}
    found = fit(scores)
    assert found.error < 0.1
    assert found.left_out_error is not None
    assert found.left_out_error < 0.5
    values = [found.curve.at(length) for length in sorted(scores)]
    assert all(one >= two - 1e-9 for one, two in pairwise(values))


def test_a_scaled_curve_falls_later() -> None:
    curve = Curve(0.9, 0.2, 20_000, 1.5)
    assert curve.scaled(3).at(30_000) == pytest.approx(curve.at(10_000))
    assert curve.at(20_000) == pytest.approx(0.55)
    assert curve.at(0) == 0.9


def test_the_spread_holds_what_each_point_moves() -> None:
    scores = {8192: 85.6, 16384: 84.5, 32768: 76.1, 65536: 61.2, 131072: 46.4}
    spread, curve = spread_of(scores), fit(scores).curve
    assert spread.half[0] <= curve.half <= spread.half[1]
    assert spread.floor[1] - spread.floor[0] > 0.1, "five points do not pin a floor"
    with pytest.raises(UsageError, match="not of 1"):
        spread_of({8192: 50.0})


def test_models_without_a_series_read_as_far_as_ruler_says() -> None:
    frontier = curve_for("gpt-5", "linear", "oolong")
    assert curve_for("llama-3.3-70b", "linear", "oolong").half < frontier.half
    assert curve_for("gpt-5-mini", "linear", "oolong").half != frontier.half
    assert curve_for("unheard-of", "linear", "oolong") == frontier


@pytest.mark.parametrize(
    ("scores", "threshold", "tokens"),
    [
        ({1000: 90, 2000: 80}, 85, 1414),
        ({1000: 90, 2000: 86}, 85, 2000),
        ({1000: 80, 2000: 70}, 85, 1000),
        ({1000: 90, 2000: 85, 4000: 10}, 85, 2000),
    ],
)
def test_effective_length(scores: dict[int, float], threshold: float, tokens: float) -> None:
    assert effective_tokens(scores, threshold) == pytest.approx(tokens, abs=1)


def test_nolima_is_harder_on_open_models_than_ruler() -> None:
    line = published().nolima["llama-3.3-70b"]
    assert 2048 <= effective_tokens(line.scores, 0.85 * line.base) < 4096, "the paper: effective 2K"
    ruler = effective_tokens(published().ruler["llama-3.3-70b"]) / 131_072
    assert reach_beside("llama-3.3-70b", "gpt-4o") < ruler
    with pytest.raises(UsageError, match="gpt-4o"):
        reach_beside("llama-3.3-70b", "gpt-4p")
