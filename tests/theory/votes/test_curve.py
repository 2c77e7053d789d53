import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.theory.intervals import mean_interval
from commissure.theory.votes.curve import foretell
from commissure.theory.votes.two_samples import Pair
from tests.theory.votes.studies import Draw, answers, beta, diffuse, humps, pairs_of, sure, true_curve, vote_share

POPULATIONS = {
    "base": beta(1.6, 1.1, 0.6), "harder": beta(1.1, 1.3, 0.8), "one field": beta(0.7, 1.3, 0.8),
    "biased": beta(2, 3, 0.95), "easy": beta(8, 0.8, 0.6), "humps": humps, "sure": sure, "diffuse": diffuse,
}  # fmt: skip
STUDIES = 10


@pytest.mark.parametrize("name", POPULATIONS)
def test_the_band_at_eight_holds_the_true_value(name: str) -> None:
    draw = POPULATIONS[name]
    true, held, gaps = true_curve(draw)[7], 0, []
    for study in range(STUDIES):
        chance = np.random.default_rng(study)
        curve = foretell(pairs_of(answers(*draw(chance, 150), 2, chance)), (8,), seed=study)
        held += curve.low[0] <= true <= curve.high[0]
        gaps.append(curve.accuracy[0] - true)
    # A band that holds 95 % fails in one run of a thousand, one that holds half of them in five of six.
    assert held >= 7
    assert abs(np.mean(gaps)) < 0.06


@pytest.mark.parametrize("draw", [beta(1.6, 1.1, 0.6), beta(0.7, 1.3, 0.8)])
def test_the_prediction_is_within_the_interval_of_a_measured_study(draw: Draw) -> None:
    within = 0
    for study in range(STUDIES):
        chance = np.random.default_rng(100 + study)
        drawn = answers(*draw(chance, 150), 8, chance)
        curve = foretell(pairs_of(drawn), (8,), seed=study)
        within += curve.accuracy[0] in mean_interval(vote_share(drawn), seed=study, resamples=1000)
    assert within >= 6


def test_a_vote_is_not_foretold_to_rescue_a_biased_answerer_and_is_where_wrong_answers_scatter() -> None:
    together = foretell([Pair(True, True, True)] * 30 + [Pair(False, False, True)] * 90, (1, 8, 32), seed=1)
    apart = foretell(
        [Pair(True, True, True)] * 30 + [Pair(True, False, False)] * 60 + [Pair(False, False, False)] * 60,
        (1, 8, 32), seed=1,
    )  # fmt: skip
    assert together.high[2] < 0.35
    assert apart.low[1] > apart.high[0]
    assert apart.accuracy[2] > 0.8


def test_one_and_two_votes_are_the_mean_sample_and_the_oracle_of_two_is_what_was_seen() -> None:
    drawn = answers(*beta(1.6, 1.1, 0.6)(np.random.default_rng(1), 600), 2, np.random.default_rng(2))
    curve = foretell(pairs_of(drawn), seed=3)
    mean, seen = (drawn == 0).mean(), (drawn == 0).any(axis=1).mean()
    assert curve.accuracy[0] == pytest.approx(mean, abs=0.01)
    assert curve.accuracy[1] == pytest.approx(curve.accuracy[0], abs=1e-9)
    assert curve.oracle[1] == pytest.approx(seen, abs=0.01)
    assert all(np.diff(curve.oracle) >= 0)
    assert all(np.array(curve.oracle) >= np.array(curve.accuracy) - 1e-9)
    assert curve.n == tuple(range(1, 33))


def test_order_does_not_matter_more_than_the_dice_and_the_seed_gives_the_same() -> None:
    pairs = [Pair(True, True, True)] * 40 + [Pair(True, False, False)] * 30 + [Pair(False, False, True)] * 30
    assert foretell(pairs, (8,), seed=4) == foretell(pairs, (8,), seed=4)
    assert foretell(pairs[::-1], (8,), seed=4).accuracy[0] == pytest.approx(
        foretell(pairs, (8,), seed=4).accuracy[0], abs=0.02
    )


@pytest.mark.parametrize("pair", [Pair(True, True, True), Pair(False, False, True), Pair(False, False, False)])
def test_one_pair_or_one_cell_alone_is_no_failure(pair: Pair) -> None:
    for pairs in ([pair], [pair] * 200):
        curve = foretell(pairs, (1, 8), seed=5)
        assert all(0 <= low <= high <= 1 for low, high in zip(curve.low, curve.high, strict=True))
        assert curve.high[0] > curve.low[0]


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match="given none"):
        foretell([], seed=0)
    with pytest.raises(UsageError, match="at least 1"):
        foretell([Pair(True, True, True)], (0, 8), seed=0)
    with pytest.raises(UsageError, match="same=False"):
        foretell([Pair(True, False, True)], seed=0)
