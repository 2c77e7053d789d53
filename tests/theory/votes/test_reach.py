import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.theory.votes.plurality import plurality
from commissure.theory.votes.reach import limits, population, populations_reaching
from commissure.theory.votes.types import pair_cells
from tests.theory.votes.studies import beta

ONE_SAMPLE, CLAIMED, VOTES = 0.313, 0.4227, 8


def test_a_population_is_what_its_questions_drawn_at_random_are() -> None:
    p = np.random.default_rng(1).beta(0.313 * 2, 0.687 * 2, 100_000)
    vote = plurality(p, (0.4 * (1 - p))[:, None], VOTES)[:, -1].mean()
    found = population(ONE_SAMPLE, 2.0, 0.4, VOTES)
    assert found.plurality == pytest.approx(vote, abs=0.005)
    assert found.mode == pytest.approx((p > 0.4 * (1 - p)).mean(), abs=0.005)
    assert found.oracle == pytest.approx((1 - (1 - p) ** VOTES).mean(), abs=0.005)


def test_populations_that_reach_the_claim_reach_it_and_need_wrong_answers_that_scatter() -> None:
    found = populations_reaching(ONE_SAMPLE, CLAIMED, VOTES)
    assert found
    for one in found:
        assert one.plurality == pytest.approx(CLAIMED, abs=1e-6)
        assert one.one_sample == pytest.approx(ONE_SAMPLE, abs=1e-3)
    assert max(one.top for one in found) < 0.6


def test_no_population_passes_the_limits() -> None:
    bound = limits(VOTES, mean=ONE_SAMPLE)
    chance = np.random.default_rng(2)
    for _ in range(50):
        one = population(ONE_SAMPLE, float(np.exp(chance.uniform(-3, 4))), float(chance.random()), VOTES)
        assert bound.least - 0.005 <= one.plurality <= bound.most + 0.005
    assert sum(weight for *_, weight in bound.most_types) == pytest.approx(1)
    assert sum(p * weight for p, _, weight in bound.most_types) == pytest.approx(ONE_SAMPLE)


def test_many_votes_reach_the_mode_and_a_condition_more_never_widens() -> None:
    free, tied = limits(VOTES, mean=ONE_SAMPLE), limits(VOTES, mean=ONE_SAMPLE, mode=ONE_SAMPLE)
    assert free.least <= tied.least <= tied.most <= free.most
    assert limits(1, mean=ONE_SAMPLE).most == pytest.approx(ONE_SAMPLE)
    assert limits(VOTES, mode=1.0).most == pytest.approx(1.0, abs=1e-6)


def test_what_two_samples_identify_holds_the_truth() -> None:
    p, wrong = beta(1.6, 1.1, 0.6)(np.random.default_rng(3), 20_000)
    true = plurality(p, wrong, VOTES)[:, -1].mean()
    bound = limits(VOTES, cells=pair_cells(p, wrong).mean(axis=0))
    assert bound.least < true < bound.most
    assert bound.most - bound.least < 0.4
    assert limits(2, cells=(0.4, 0.3, 0.1)).most == pytest.approx(0.55)


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match="no population"):
        limits(8, mean=0.9, mode=0.0)
    with pytest.raises(UsageError, match="precision -1"):
        population(0.3, -1, 0.5, 8)
    with pytest.raises(UsageError, match="0 votes"):
        limits(0, mean=0.3)
