"""The scorer of fields, and the halves of records."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.scenarios.tool_calling.records.chosen import halves
from commissure.scenarios.tool_calling.records.documents import documents
from commissure.scenarios.tool_calling.records.field_match import field_match

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab ~/1")
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner, max_size=3)
)


@given(values)
def test_the_truth_is_right_however_its_members_are_ordered(truth: Any) -> None:
    for answer in (json.loads(json.dumps(truth)), json.loads(json.dumps(truth, sort_keys=True))):
        score = field_match(truth, answer)
        assert score.right
        assert all(score.fields.values())


@given(values, values)
def test_a_record_is_right_where_each_is_the_other(truth: Any, answer: Any) -> None:
    assert field_match(truth, answer).right == field_match(answer, truth).right


@pytest.mark.parametrize(
    ("truth", "answer", "right"),
    [
        (61, 61.0, True),
        (1250, 1250.01, False),
        (1, True, False),
        (False, 0, False),
        (None, "", False),
        (None, None, True),
        ("61", 61, False),
        ("Acme kettle", " Acme \t kettle\n", True),
        ("Acme kettle", "acme kettle", False),
        ("Acme kettle", "Acmekettle", False),
        (2**60, float(2**60), True),
        (2**60 + 1, float(2**60), False),
        ([1, 2], [1, 2], True),
        ([], {}, False),
        ({}, [], False),
        ({}, None, False),
    ],
)
def test_values_are_compared(truth: Any, answer: Any, right: bool) -> None:
    assert field_match(truth, answer).right is right
    assert field_match({"a": truth}, {"a": answer}).right is right


def test_paths_and_missing_and_surplus_parts() -> None:
    truth = {"a/b": 1, "items": [{"n": 1}, {"n": 2}], "~": "x"}
    fields = {"/a~1b": True, "/items~#": True, "/items/0/n": True, "/items/1/n": True, "/~0": True}
    assert field_match(truth, truth).fields == fields
    short = field_match(truth, {"a/b": 1, "items": [{"n": 1}]})
    assert short.fields == fields | {"/items~#": False, "/items/1/n": False, "/~0": False}
    assert short.share == 2 / 5
    long = copy.deepcopy(truth) | {"items": [{"n": 1}, {"n": 2}, {"n": 3}]}
    assert field_match(truth, long).fields == fields | {"/items~#": False}
    surplus = copy.deepcopy(truth) | {"items": [{"n": 1}, {"n": 2, "m": 3}]}
    assert field_match(truth, surplus).fields == fields
    assert not field_match(truth, surplus).right


@pytest.mark.parametrize("answer", [None, 3, "text", [], [{}], True])
def test_what_is_no_object_has_no_field_right(answer: Any) -> None:
    for record in documents(2000, 5):
        score = record.score(answer)
        assert not score.right
        assert score.share == 0
        assert score.fields.keys() == record.score(record.truth).fields.keys()


def test_halves_are_about_halves_and_a_record_stays_in_its_own() -> None:
    many = documents(2000, 400)
    development, test = halves(many)
    assert sorted(one.id for one in (*development, *test)) == sorted(one.id for one in many)
    assert abs(len(development) - len(test)) < 80
    few = halves(many[100:200])
    assert [one.id for one in few[0]] == [one.id for one in development if one in many[100:200]]
    assert {one.id for one in few[1]} <= {one.id for one in test}
