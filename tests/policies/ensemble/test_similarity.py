"""Similarity is symmetric, between 0 and 1, and means what it says."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.leaves import canonical, flatten
from commissure.policies.ensemble.similarity import likeness, similarities, similarity
from tests.policies.ensemble.json_values import VALUES, same

QUICK = settings(max_examples=50, deadline=None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, 1),
        ({"a": 1, "b": 2}, {"a": 1}, 1 / 2),
        ({"a": 1}, {"b": 1}, 0),
        ({}, {}, 1),
        ({}, {"a": 1}, 0),
        ({"a": []}, {"a": []}, 1),
        ({"a": [1, 2]}, {"a": [1, 2, 3, 4]}, (1 / 2 + 1 + 1) / 5),
        (8, 10, 0.8),
        (-8, -10.0, 0.8),
        (-8, 10, 0),
        (0, 5, 0),
        (0.0, -0.0, 1),
        (10**400, 2 * 10**400, 0.5),
        (10**400, 1.5, 0),
        (10**309, 1e308, 0.1),
        (float("inf"), 1, 0),
        (float("inf"), 10**400, 0),
        (float("nan"), 1, 0),
        (float("nan"), float("nan"), 1),
        (True, 1, 0),
        (True, False, 0),
        (None, 0, 0),
        ("1", 1, 0),
        ("", "", 1),
        ("night", "nacht", 2 * 3 / (6 + 6)),
        ("aaa", "aaaa", 2 * 4 / (4 + 5)),
        ("", "a", 0),
        ({"a": 1}, [1], 0),
    ],
)
def test_table(one: Any, other: Any, expected: float) -> None:
    assert similarity(one, other) == similarity(other, one) == pytest.approx(expected)


@QUICK
@given(VALUES, VALUES)
def test_symmetric_and_1_where_equal(one: Any, other: Any) -> None:
    value = similarity(one, other)
    assert 0 <= value <= 1
    assert value == similarity(other, one)
    if same(one, other):
        assert value == 1


@QUICK
@given(st.lists(VALUES, max_size=5))
def test_matrix_is_of_the_pairs(records: list[Any]) -> None:
    matrix = similarities(records)
    assert matrix == [[similarity(one, other) for other in records] for one in records]
    assert matrix == [likeness(one, records) for one in records]


def test_order_of_keys_does_not_matter() -> None:
    other = dict.fromkeys("abc", 10)
    orders = [dict(items) for items in permutations({"a": 1, "b": 2, "c": 3}.items())]
    assert len({similarity(one, other) for one in orders}) == 1


@QUICK
@given(VALUES, VALUES)
def test_mean_over_the_leaves_of_both(one: Any, other: Any) -> None:
    mine, theirs = flatten(one), flatten(other)
    marks = [
        0.0 if path not in mine or path not in theirs
        else 1.0 if canonical(mine[path]) == canonical(theirs[path])
        else similarity(mine[path], theirs[path])
        for path in mine.keys() | theirs.keys()
    ]  # fmt: skip
    assert similarity(one, other) == pytest.approx(sum(marks) / len(marks))
