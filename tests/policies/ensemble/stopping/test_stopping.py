"""Fewer candidates are asked for, and what is decided stays decided."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc

from commissure.hal.errors import UsageError
from commissure.policies.ensemble.race import Race
from commissure.policies.ensemble.sample import Question, Sample
from commissure.policies.ensemble.selector import Stopping
from commissure.policies.ensemble.selectors import plurality
from commissure.policies.ensemble.stopping import agreement, all_at_once, build_stopping, decided, stopping_names
from commissure.policies.ensemble.stopping.agreement import Agreement, posterior

RULES: list[Stopping] = [all_at_once.build(), decided.build(), agreement.build(), Agreement(0.5), Agreement(0.8)]
SAMPLES = st.builds(
    lambda value, parsed, logprob: Sample("", value, parsed=parsed, logprob=logprob),
    st.integers(0, 3),
    st.sampled_from([True, True, True, False]),
    st.none() | st.sampled_from([-1.0, -2.0, -3.0]),
)


def asked(rule: Stopping, samples: list[Sample]) -> tuple[list[Sample], list[int]]:
    """The candidates that a rule asks for, and how many at a time."""
    batches: list[int] = []
    while more := rule.more(samples[: sum(batches)], len(samples)):
        assert more > 0
        batches.append(more)
        assert sum(batches) <= len(samples)
    return samples[: sum(batches)], batches


def winner(samples: list[Sample]) -> Any:
    return plurality.build().select(samples, Question("")).value


def test_what_is_named_can_be_built() -> None:
    assert stopping_names() == ["agreement", "all_at_once", "decided"]
    assert all(isinstance(build_stopping(name), Stopping) for name in stopping_names())
    with pytest.raises(UsageError, match="Did you mean 'decided'"):
        build_stopping("decide")


@settings(deadline=None)
@given(st.lists(SAMPLES, max_size=16))
def test_the_decided_vote_is_that_of_all(samples: list[Sample]) -> None:
    enough, _ = asked(decided.build(), samples)
    assert winner(enough) == winner(samples)


@settings(deadline=None)
@given(st.lists(SAMPLES, max_size=8), st.integers(0, 4))
def test_it_is_decided_just_where_the_rest_can_do_no_more_than_nothing(samples: list[Sample], left: int) -> None:
    values = [0, 1, 2, 3, 4]
    ahead = {
        winner([*samples, *(Sample("", value, parsed=True, logprob=logprob) for value in rest)])
        for rest in product(values, repeat=min(left, 3))
        for logprob in (None, -0.5, -9.0)
    }
    race = Race.of(samples, len(samples) + min(left, 3))
    if race.is_decided:
        assert ahead == {winner(samples)}
    elif race.first - race.second < race.left:
        assert len(ahead) > 1


@settings(deadline=None)
@given(st.lists(SAMPLES, max_size=12), st.sampled_from(RULES))
def test_any_rule_ends_within_what_is_allowed(samples: list[Sample], rule: Stopping) -> None:
    enough, batches = asked(rule, samples)
    assert len(enough) <= len(samples)
    assert bool(batches) == bool(samples)
    for most in (0, -1, len(samples)):
        assert rule.more(samples, most) == 0


@pytest.mark.parametrize(
    ("rule", "values", "batches"),
    [
        (all_at_once.build(), "aaaaaaaa", [8]),
        (decided.build(), "aaaaaaaa", [5]),
        (decided.build(), "aaaabaaa", [5, 1]),
        (decided.build(), "abababab", [5, 2, 1]),
        (decided.build(), "abcdefgh", [5, 2, 1]),
        (decided.build(), "a", [1]),
        (agreement.build(), "aaaaaaaa", [4]),
        (agreement.build(), "aaabaaaa", [4, 2]),
        (agreement.build(), "abababab", [4, 3, 1]),
        (Agreement(0.9), "aaaaaaaa", [3]),
        (Agreement(0.85), "aaaaaaaa", [2]),
    ],
)
def test_batches(rule: Stopping, values: str, batches: list[int]) -> None:
    assert asked(rule, [Sample("", value, parsed=True) for value in values])[1] == batches


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_posterior_is_the_beta_integral(first: int, second: int) -> None:
    assert posterior(first, second) == pytest.approx(1 - betainc(first + 1, second + 1, 0.5), abs=1e-12)


@pytest.mark.parametrize("threshold", [0.4, 1.0, 95, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(UsageError, match=r"from 0\.5 to below 1, not"):
        Agreement(threshold)
