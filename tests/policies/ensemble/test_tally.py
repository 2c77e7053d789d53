"""Votes are counted the same in any order, and ties fall as they are said to."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.sample import Sample
from commissure.policies.ensemble.tally import count, first_saying, probabilities, voters, weighted_voters

QUICK = settings(max_examples=50, deadline=None)

TEXTS = st.sampled_from(["1", "2", "10", '"a"'])
VOTES = st.lists(st.tuples(TEXTS, st.none() | st.floats(-9, 0), st.floats(0, 4)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("texts", "logprobs", "weights", "won", "share"),
    [
        (["1"], None, None, "1", 1.0),
        (["2", "1", "2"], [-9.0, -1.0, -9.0], None, "2", 2 / 3),
        (["2", "1"], None, None, "1", 0.5),
        (["2", "1"], [-1.0, -2.0], None, "2", 0.5),
        (["2", "1", "2", "1"], [-5.0, -2.0, None, None], None, "1", 0.5),
        (["2", "1"], [-1.0, None], None, "1", 0.5),
        (["3", "2", "1"], [-1.0, -1.0, -2.0], None, "2", 1 / 3),
        (["2", "1", "1"], None, [3.0, 1.0, 1.0], "2", 0.6),
        (["2", "1"], None, [0.0, 0.0], "1", 0.0),
        (["2", "1", "1"], [-1.0, -3.0, -2.0], [2.0, 1.0, 1.0], "2", 0.5),
    ],
)
def test_table(
    texts: list[str], logprobs: list[float | None] | None, weights: list[float] | None, won: str, share: float
) -> None:
    outcome = count(texts, logprobs, weights)
    assert outcome.text == won
    assert outcome.share == pytest.approx(share)
    assert outcome.places == tuple(place for place, text in enumerate(texts) if text == won)


@QUICK
@given(VOTES, st.booleans(), st.randoms(use_true_random=False))
def test_order_does_not_matter(votes: list[tuple[str, float | None, float]], weighted: bool, rng: object) -> None:
    shuffled = votes.copy()
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    (one, two) = (
        count(list(texts), list(logprobs), list(weights) if weighted else None)
        for texts, logprobs, weights in (zip(*order, strict=True) for order in (votes, shuffled))
    )
    assert (one.text, one.share) == (two.text, two.share)
    assert 0 <= one.share <= 1


@QUICK
@given(VOTES)
def test_no_text_weighs_more_than_the_winner(votes: list[tuple[str, float | None, float]]) -> None:
    texts, logprobs, weights = (list(column) for column in zip(*votes, strict=True))
    won = count(texts, logprobs, weights)
    sums = {text: sum(Fraction(w) for t, w in zip(texts, weights, strict=True) if t == text) for text in texts}
    assert float(sums[won.text]) == float(max(sums.values()))


def test_sums_are_exact() -> None:
    shares = {count(["1", "1", "1", "2"], None, [*order, 0.6]).share for order in permutations((0.1, 0.2, 0.3))}
    assert len(shares) == 1
    assert len({sum(order) for order in permutations((0.1, 0.2, 0.3))}) > 1


def test_no_vote_at_all() -> None:
    with pytest.raises(ValueError, match="no votes"):
        count([])


def test_voters() -> None:
    said = [Sample("{"), Sample("1.0", 1.0, parsed=True, logprob=math.nan), Sample("1", 1, parsed=True, logprob=-3.0)]
    one, two = voters(said)
    assert (one.index, one.text, one.logprob) == (1, "1", None)
    assert (two.index, two.text, two.logprob) == (2, "1", -3.0)
    assert first_saying([two, one], "1") is two
    assert weighted_voters([one, two]) == ([two], [1.0])
    assert weighted_voters([one]) == ([], [])
    assert voters([Sample("1", 1, parsed=True, logprob=-math.inf)])[0].logprob is None


@QUICK
@given(st.lists(st.floats(-1e6, 0), min_size=1, max_size=8))
def test_probabilities(logprobs: list[float]) -> None:
    weights = probabilities(logprobs)
    assert math.fsum(weights) == pytest.approx(1)
    low, high = min(logprobs), max(logprobs)
    assert weights[logprobs.index(high)] == max(weights)
    if high - low < 600:
        assert weights[logprobs.index(high)] / weights[logprobs.index(low)] == pytest.approx(math.exp(high - low))
