from __future__ import annotations

import itertools
from statistics import fmean
from typing import Any

import pytest

from commissure.policies.ensemble.selectors import build_selector
from commissure.policies.ensemble.stopping import build_stopping
from commissure.scenarios.tool_calling.ensembles.best import best_of
from commissure.scenarios.tool_calling.ensembles.curves import accuracy_by_n, agreement, oracle_by_n
from commissure.scenarios.tool_calling.ensembles.panel import mixed
from commissure.scenarios.tool_calling.ensembles.rows import outcomes, rows
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, ONE, ORACLE
from tests.scenarios.tool_calling.ensembles.said import TRUTH, panel

RIGHT: Any = TRUTH
HALF: Any = {"a": 1, "b": "y"}
WRONG: Any = {"a": 2, "b": "y"}


def told(found: Any, policy: str) -> Any:
    return next(one for one in found if one.policy == policy)


def test_baselines_and_votes_are_those_counted_by_hand() -> None:
    one = panel([RIGHT, WRONG, WRONG], [RIGHT, RIGHT, HALF], ["{", "no", "{]"], greedy=[RIGHT, WRONG, HALF])
    found = outcomes(one)
    assert told(found, GREEDY).right.tolist() == [1, 0, 0]
    assert told(found, GREEDY).fields.tolist() == [1, 0, 0.5]
    assert told(found, ONE).right.tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert told(found, ORACLE).right.tolist() == [1, 1, 0]
    assert told(found, "plurality").right.tolist() == [0, 1, 0]
    assert told(found, "first").right.tolist() == [1, 1, 0]
    assert {one.policy for one in found} >= {"early", "adaptive", "medoid", "per_field", "grounded"}
    assert not {one.policy for one in found} & {"best_logprob", "weighted", "weighted_fields", "verified"}


def test_a_policy_is_compared_with_greedy_on_the_same_records() -> None:
    one = panel([RIGHT] * 3, [WRONG] * 3, greedy=[WRONG, WRONG])
    table = rows(outcomes(one), None, seed=0)
    row = told(table, "plurality")
    assert row.right[0] == 0.5
    assert row.against_greedy is not None
    assert row.against_greedy[0] == 0.5
    assert row.against_larger is None
    assert told(table, GREEDY).against_greedy is None


def test_a_field_vote_puts_together_what_no_candidate_says() -> None:
    one = panel([{"a": 1, "b": "y"}, {"a": 1, "b": "x"}, {"a": 2, "b": "x"}])
    assert told(outcomes(one), "per_field").right.tolist() == [1]
    two = panel([{"a": 1, "b": "y"}, {"a": 1, "b": "z"}, {"a": 2, "b": "x"}, {"a": 3, "b": "x"}])
    assert told(outcomes(two), "per_field").right.tolist() == [1]
    assert told(outcomes(two), ORACLE).right.tolist() == [0]


def test_stopping_early_takes_the_same_decision_with_fewer() -> None:
    one = panel([RIGHT] * 8, [RIGHT, WRONG] * 4)
    found = outcomes(one)
    early, full = told(found, "early"), told(found, "plurality")
    assert early.right.tolist() == full.right.tolist()
    assert early.used[0] < 8
    assert early.tokens[0] == 3 * early.used[0]


def test_a_mix_takes_evenly_of_its_members() -> None:
    a, b = panel([RIGHT] * 8, name="a"), panel([WRONG] * 8, name="b")
    both = mixed("mixed", {"a": a, "b": b}, 5)
    assert [one.value for one in both.candidates[0]] == [RIGHT] * 3 + [WRONG] * 2
    assert not both.greedy
    assert [one.policy for one in outcomes(both)][:2] == [ONE, ORACLE]


def test_the_oracle_of_n_is_the_mean_over_all_subsets() -> None:
    rows_ = [[RIGHT, WRONG, WRONG, HALF, RIGHT], [WRONG] * 5, [RIGHT] * 5, [WRONG, WRONG, WRONG, WRONG, RIGHT]]
    found = oracle_by_n(panel(*rows_))
    for n in range(1, 6):
        chances = [fmean(any(one is RIGHT for one in some) for some in itertools.combinations(row, n)) for row in rows_]
        assert found[n] == pytest.approx(fmean(chances))


def test_the_oracle_of_fewer_candidates_than_n_is_that_of_all_of_them() -> None:
    found = oracle_by_n(panel([WRONG] * 2, [RIGHT, WRONG, WRONG, WRONG]))
    assert [found[n] for n in (1, 2, 3, 4)] == pytest.approx([1 / 8, 1 / 4, 3 / 8, 1 / 2])


def test_the_curve_ends_at_the_decision_on_all_candidates() -> None:
    one = panel([RIGHT, RIGHT, WRONG], [WRONG, WRONG, RIGHT])
    curve = accuracy_by_n(one, build_selector("plurality"), seed=0)
    assert list(curve) == [1, 2, 3]
    assert curve[3].tolist() == [1, 0]
    assert 0 < curve[1][0] < 1


def test_agreement_is_the_share_of_equal_pairs() -> None:
    assert agreement(panel([RIGHT, RIGHT, WRONG])) == pytest.approx(1 / 3)
    assert agreement(panel([RIGHT, "{"])) == 0.0
    assert agreement(panel([{"a": 1, "b": "x"}, {"b": "x", "a": 1.0}])) == 1.0


def test_the_best_is_chosen_on_one_half_and_measured_on_the_other() -> None:
    # On the first three `first` is right and the vote wrong; on the last three it is the other way round.
    ours = [[RIGHT, WRONG, WRONG]] * 3 + [[WRONG, RIGHT, RIGHT]] * 3
    one = panel(*ours, greedy=[WRONG] * 6)
    best = best_of(outcomes(one), [False] * 3 + [True] * 3, None, seed=0)
    assert best is not None
    assert best.policy == "first"
    assert best.right[0] == 0.0
    assert (best.gained, best.lost, best.reachable) == (0, 0, 3)
    assert "no different from greedy" in best.why
    assert best_of(outcomes(one), [False] * 6, None, seed=0) is None


def test_no_candidates_that_parse_are_no_answer_and_no_crash() -> None:
    one = panel(["{", "", "nul"], ["[", "[", "["], greedy=["", ""])
    for found in outcomes(one):
        assert found.right.sum() == 0
    assert agreement(one) == 0.0
    assert all(column.sum() == 0 for column in accuracy_by_n(one, build_selector("per_field"), 0).values())
    assert one.stopped(build_stopping("decided")).n == 3
