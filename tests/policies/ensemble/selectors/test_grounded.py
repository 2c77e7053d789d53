"""Refuted values have no vote, and records that contradict themselves have less."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import NO_DECISION, Question, Sample
from commissure.policies.ensemble.selectors import grounded, per_field

SOURCE = "The Acme kettle costs 24.99 pounds; it is due on 14 March 2026. Five cups at 2.00 make 10.00."
GROUNDED, PER_FIELD = grounded.build(), per_field.build()
NAMES = ["Acme kettle", "kettle", "Borea kettle", "Borea", "cup"]
PRICES = [24.99, 2, 24, 25, 10]
RECORDS = st.fixed_dictionaries({"name": st.sampled_from(NAMES), "price": st.sampled_from(PRICES)})


def said(*values: Any) -> list[Sample]:
    return [Sample("", value, parsed=True) for value in values]


def test_nothing_to_choose_from() -> None:
    for candidates in ([], [Sample("{")]):
        assert GROUNDED.select(candidates, Question(SOURCE)) == NO_DECISION


def test_a_minority_that_is_in_the_source() -> None:
    candidates = said(*[{"name": "Borea kettle", "price": 24.99}] * 3, *[{"name": "Acme kettle", "price": 25}] * 2)
    decision = GROUNDED.select(candidates, Question(SOURCE))
    assert decision.value == {"name": "Acme kettle", "price": 24.99}
    assert decision.index is None
    assert decision.confidence == 2 / 5


def test_null_before_what_is_made_up() -> None:
    candidates = said(*[{"due": "2026-03-15"}] * 3, {"due": None})
    assert GROUNDED.select(candidates, Question(SOURCE)).value == {"due": None}
    assert GROUNDED.select(candidates, Question("no day")).value == {"due": "2026-03-15"}


def test_a_field_at_a_place_where_the_schema_refutes_it() -> None:
    schema = {"properties": {"n": {"maximum": 10}}}
    assert GROUNDED.select(said({"n": 24.99}, {"n": 24.99}, {"n": 10}), Question(SOURCE, schema)).value == {"n": 10}


def test_the_record_whose_sum_is_right() -> None:
    def order(quantity: int, price: float, total: float) -> dict[str, Any]:
        return {"items": [{"quantity": quantity, "price": price}], "total": total}

    right, wrong, other = order(5, 2, 10), order(5, 2, 24.99), order(5, 24.99, 10)
    tied = GROUNDED.select(said(wrong, right, other), Question(SOURCE))
    assert (tied.value, tied.index) == (right, 1)
    demoted = GROUNDED.select(said(wrong, wrong, right, right), Question(SOURCE))
    assert (demoted.value, demoted.index) == (right, 2)
    # Together the wrong ones still win each field; the record would contradict itself, so one that does not is taken.
    outvoted = GROUNDED.select(said(*[wrong] * 5, right), Question(SOURCE))
    assert (outvoted.value, outvoted.index, outvoted.confidence) == (right, 5, 1 / 6)
    assert GROUNDED.select(said(wrong, wrong, other), Question(SOURCE)).value == wrong


def occurring(key: str, value: Any) -> bool:
    return value in (["Acme kettle", "kettle"] if key == "name" else [24.99, 2, 10])


@settings(deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_as_by_brute_force_on_flat_records(records: list[dict[str, Any]]) -> None:
    expected = {}
    for key in ("name", "price"):
        values = [record[key] for record in records]
        able = [value for value in values if occurring(key, value)] or values
        votes = Counter(able)
        expected[key] = min((value for value in able if votes[value] == max(votes.values())), key=canonical)
    decision = GROUNDED.select(said(*records), Question(SOURCE))
    assert decision.value == expected
    assert decision.confidence == min(
        sum(record[key] == expected[key] for record in records) / len(records) for key in expected
    )


LINES = st.fixed_dictionaries({"qty": st.integers(1, 2), "price": st.sampled_from([2, 24.99])})
ORDERS = st.fixed_dictionaries(
    {"items": st.lists(LINES, max_size=2)},
    optional={"total": st.sampled_from([2, 4, 10, 24.99, 49.98]), "from": st.none() | st.just("2026-03-14")},
)


@settings(deadline=None)
@given(st.lists(ORDERS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_in_every_order_of_the_candidates(records: list[Any], dice: Any) -> None:
    candidates = [Sample("{"), *said(*records)]
    decision = GROUNDED.select(candidates, Question(SOURCE))
    assert 0 <= decision.confidence <= 1
    if decision.index is not None:
        assert candidates[decision.index].value == decision.value
    dice.shuffle(candidates)
    again = GROUNDED.select(candidates, Question(SOURCE))
    assert (canonical(again.value), again.confidence) == (canonical(decision.value), decision.confidence)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(VALUES, max_size=5))
def test_without_a_source_it_is_the_vote_per_field(values: list[Any]) -> None:
    assert GROUNDED.select(said(*values), Question("")) == PER_FIELD.select(said(*values), Question(""))


TAGGED = {
    "anyOf": [
        {"properties": {"kind": {"const": "cup"}, "n": {"type": "integer"}}, "required": ["kind", "n"]},
        {"properties": {"kind": {"const": "name"}, "n": {"type": "string"}}, "required": ["kind", "n"]},
        {"properties": {"n": {"type": "null"}, "m": {"type": "integer"}}, "required": ["m"], "maxProperties": 2},
    ]
}
COUNTS = st.integers(0, 30)
BRANCHES: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"kind": st.just("cup"), "n": COUNTS}),
    st.fixed_dictionaries({"kind": st.just("name"), "n": st.sampled_from(NAMES)}),
    st.fixed_dictionaries({"m": COUNTS}, optional={"n": st.none()}),
)


@settings(deadline=None)
@given(st.lists(BRANCHES, min_size=1, max_size=8), st.booleans())
def test_of_valid_candidates_it_makes_a_valid_record(records: list[Any], nested: bool) -> None:
    schema = {"properties": {"x": TAGGED}} if nested else TAGGED
    candidates = said(*({"x": record} if nested else record for record in records))
    assert Draft202012Validator(schema).is_valid(GROUNDED.select(candidates, Question(SOURCE, schema)).value)
