from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.votes.condorcet import majority
from commissure.theory.votes.plurality import plurality


def enumerated(p: float, wrong: list[float], n: int) -> float:
    """Over all outcomes; a diffuse vote is a value of its own."""
    masses = [p, *wrong, max(0.0, 1 - p - sum(wrong))]
    total = 0.0
    for outcome in product(range(len(masses)), repeat=n):
        votes = [("alone", place) if one == len(masses) - 1 else ("value", one) for place, one in enumerate(outcome)]
        counts = {vote: votes.count(vote) for vote in votes}
        top = [vote for vote, count in counts.items() if count == max(counts.values())]
        if ("value", 0) in top:
            total += float(np.prod([masses[one] for one in outcome])) / len(top)
    return total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=4), st.floats(0, 1), st.integers(1, 5))
def test_plurality_equals_enumeration(raw: list[float], rest: float, n: int) -> None:
    total = sum(raw) + rest + 1e-9
    p, *wrong = (one / total for one in raw)
    assert plurality([p], [wrong], 5)[0, n - 1] == pytest.approx(enumerated(p, wrong, n), abs=1e-10)


def test_two_values_make_a_majority_up_to_32() -> None:
    curve = plurality([0.6], [[0.4]], 32)[0]
    assert curve == pytest.approx([majority(n, 0.6) for n in range(1, 33)])


def test_votes_drawn_at_random_agree_at_32() -> None:
    chance = np.random.default_rng(1)
    counts = chance.multinomial(32, [0.3, 0.28, 0.2, 0.22], size=100_000)[:, :3]  # the rest is diffuse
    top = counts.max(axis=1)
    share = np.where(counts[:, 0] == top, 1 / (counts == top[:, None]).sum(axis=1), 0.0).mean()
    assert plurality([0.3], [[0.28, 0.2]], 32)[0, -1] == pytest.approx(share, abs=0.005)


def test_sure_values_and_two_votes() -> None:
    assert plurality([1.0, 0.0], [[0.0], [1.0]], 4).tolist() == [[1.0] * 4, [0.0] * 4]
    assert plurality([0.3], [[0.5]], 2)[0] == pytest.approx([0.3, 0.3])


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match=r"sum of 1\.2"):
        plurality([0.7], [[0.5]], 3)
    with pytest.raises(UsageError, match="0 votes"):
        plurality([0.7], [[0.3]], 0)
