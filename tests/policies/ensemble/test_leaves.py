"""Canonical texts are equal just where values are; leaves make the record again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.leaves import ABSENT, DEEPEST, assemble, canonical, flatten
from tests.policies.ensemble.json_values import SCALARS, VALUES, nested, same

QUICK = settings(max_examples=50, deadline=None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (61, "61"),
        (61.0, "61"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (True, "true"),
        (1, "1"),
        (None, "null"),
        ("é", '"\\u00e9"'),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (2**53 + 1, "9007199254740993"),
        ({"b": [], "a": {}}, '{"a":{},"b":[]}'),
        ([1.0, {"y": [2], "x": None}, [[]]], '[1,{"x":null,"y":[2]},[[]]]'),
        ({"a": {"b": 1}, "c": [2, [3]], "d": 4}, '{"a":{"b":1},"c":[2,[3]],"d":4}'),
    ],
)
def test_canonical_text(value: Any, text: str) -> None:
    assert canonical(value) == text


@QUICK
@given(VALUES, VALUES)
@example([[], 1], [[1]])
@example({"a": [], "b": 1}, {"a": [{"b": 1}]})
@example(10**4000, 10**4000 + 1)
@example(1, True)
@example({"a": None}, {})
def test_canonical_texts_are_equal_where_values_are(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == same(one, other)


WRITTEN = st.recursive(
    SCALARS.filter(lambda one: not isinstance(one, int) or abs(one) < 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@QUICK
@given(WRITTEN)
def test_canonical_text_is_json(value: Any) -> None:
    assert same(json.loads(canonical(value)), value)


def test_integers_that_python_refuses_to_write() -> None:
    assert canonical(10**5000) != canonical(10**5000 + 1)
    assert canonical([10**5000]) == f"[{canonical(10**5000)}]"


def test_nothing_is_said_as_absence_is() -> None:
    assert canonical(ABSENT) == "absent"
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads("absent")


@QUICK
@given(VALUES)
@example({"a/b": {"~#": 1, "": {"": 2}}, "0": [{"~": []}, {}]})
def test_leaves_make_the_record_again(value: Any) -> None:
    leaves = flatten(value)
    assert same(assemble(leaves), value)
    assert not any(isinstance(leaf, (dict, list)) and leaf for leaf in leaves.values())


def test_paths_are_pointers_with_lengths_beside_them() -> None:
    record: Any = {"items": [{"a/b": 1}, []], "~": {}, "none": None}
    expected = {"/items~#": 2, "/items/0/a~1b": 1, "/items/1~#": 0, "/~0": {}, "/none": None}
    assert flatten(record) == expected
    assert flatten(3) == {"": 3}


def test_absent_leaves_are_left_out() -> None:
    assert assemble({"/a": ABSENT, "/b/c": 1, "/b/d": ABSENT, "/e/f": ABSENT}) == {"b": {"c": 1}}
    assert assemble({"": ABSENT}) is ABSENT
    assert assemble({}) is ABSENT
    assert assemble({"~#": 2, "/0": 1, "/5": 6}) == [1, None]


@pytest.mark.parametrize("leaves", [{"/a": 1, "/a/b": 2}, {"/a/b": 2, "/a": 1}])
def test_a_path_is_a_leaf_or_above_one(leaves: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="leaf"):
        assemble(leaves)


@pytest.mark.parametrize("array", [False, True])
def test_deep_values(array: bool) -> None:
    deep = nested(500, 1.0, array=array)
    ((*_, leaf),) = [list(flatten(deep).values())]
    assert leaf == nested(500 - DEEPEST, 1.0, array=array)
    assert assemble(flatten(deep)) == deep
    assert canonical(deep) == (500 * "[" + "1" + 500 * "]" if array else 500 * '{"a":' + "1" + 500 * "}")
    assert canonical(nested(50_000, 2, array=array)) != canonical(nested(50_000, 3, array=array))
