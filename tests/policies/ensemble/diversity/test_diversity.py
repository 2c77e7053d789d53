"""Variants differ, mean the same, and share all that stands before the source."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from math import factorial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commissure.hal.errors import UsageError
from commissure.policies.ensemble.diversity import (
    build_diversity,
    diversity_names,
    examples,
    fields,
    order,
    temperature,
)
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.permutation import permuted
from commissure.policies.ensemble.prompt import Asked, Prompt
from commissure.policies.ensemble.selector import Diversity

WAYS: list[Diversity] = [temperature.build(), examples.build(), order.build(), fields.build()]
ANSWERS = st.fixed_dictionaries(
    {"name": st.text(max_size=3), "price": st.integers(0, 9)}, optional={"stock": st.booleans(), "note": st.none()}
)
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "price": {"type": "integer"},
        "stock": {"type": "boolean"},
        "where": {"type": "object", "properties": {"a": True, "b": True}},
    },
    "required": ["name", "price"],
}


@st.composite
def asks(draw: st.DrawFn) -> Asked:
    shown = draw(st.lists(st.tuples(st.text(max_size=4), ANSWERS), max_size=5))
    return Asked(Prompt(draw(st.text(max_size=4)), tuple(shown), draw(st.text(max_size=4))), SCHEMA)


def test_what_is_named_can_be_built() -> None:
    assert diversity_names() == ["examples", "fields", "order", "temperature"]
    assert all(isinstance(build_diversity(name), Diversity) for name in diversity_names())
    with pytest.raises(UsageError, match="Did you mean 'fields'"):
        build_diversity("field")


@pytest.mark.parametrize("count", range(6))
def test_permutations_are_all_there_before_one_comes_again(count: int) -> None:
    items = tuple(range(count))
    all_of_them = [permuted(items, number) for number in range(factorial(count))]
    assert all_of_them[0] == items
    assert len(set(all_of_them)) == factorial(count)
    assert all(sorted(one) == list(items) for one in all_of_them)
    assert permuted(items, factorial(count)) == items


@pytest.mark.parametrize("count", range(2, 30))
def test_the_first_permutations_lie_apart(count: int) -> None:
    items = tuple(range(count))
    some = [permuted(items, number) for number in range(min(8, count))]
    assert len({one[-1] for one in some}) >= max(2, len(some) - 2)
    assert len(set(some)) == len(some)


@settings(deadline=None)
@given(asks(), st.sampled_from(WAYS), st.integers(0, 200), st.text(max_size=4))
def test_a_variant_asks_for_the_same(asked: Asked, way: Diversity, variant: int, other: str) -> None:
    varied = way.vary(asked, variant)
    assert way.vary(asked, 0) == asked
    assert way.vary(asked, variant) == varied
    assert varied.schema == asked.schema
    assert sorted(varied.prompt.order) == sorted(asked.prompt.order)
    assert varied.prompt.instruction == asked.prompt.instruction
    assert Counter((text, canonical(answer)) for text, answer in varied.prompt.examples) == Counter(
        (text, canonical(answer)) for text, answer in asked.prompt.examples
    )
    # Another source changes the end of the prompt, and nothing else.
    elsewhere = way.vary(replace(asked, prompt=replace(asked.prompt, source=other)), variant)
    ends = [f"Text: {one}\nJSON:" for one in (asked.prompt.source, other)]
    texts = [varied.prompt.text, elsewhere.prompt.text]
    assert all(text.endswith(end) for text, end in zip(texts, ends, strict=True))
    assert texts[0].removesuffix(ends[0]) == texts[1].removesuffix(ends[1])
    assert json.dumps(varied.schema) == json.dumps(elsewhere.schema)


@settings(deadline=None)
@given(st.integers(0, 100), ANSWERS, ANSWERS)
def test_fields_come_in_the_order_of_the_schema(variant: int, one: dict[str, Any], answer: dict[str, Any]) -> None:
    asked = Asked(Prompt("", (("a", one), ("b", [])), ""), SCHEMA)
    varied = fields.build().vary(asked, variant)
    names = list(varied.schema["properties"])
    assert names == list(permuted(tuple(SCHEMA["properties"]), variant))
    assert varied.schema["required"] == SCHEMA["required"]
    assert list(varied.schema["properties"]["where"]["properties"]) == ["a", "b"]
    shown = list(varied.prompt.examples[0][1])
    if variant % 24:
        assert shown == [*(name for name in names if name in one), *(name for name in one if name not in names)]
    assert varied.prompt.examples[1] == ("b", [])
    assert Draft202012Validator(varied.schema).is_valid(answer) == Draft202012Validator(SCHEMA).is_valid(answer)


def test_a_schema_without_fields_is_left_alone() -> None:
    schemas: list[dict[str, Any]] = [{}, {"anyOf": [SCHEMA]}, {"properties": {}}]
    for schema in schemas:
        asked = Asked(Prompt("", (("a", {"x": 1}),), ""), schema)
        assert fields.build().vary(asked, 3) is asked


def test_how_many_variants_there_are() -> None:
    shown = tuple((text, {"name": text, "price": 1}) for text in "abcd")
    asked = Asked(Prompt("Do it.", shown, "source"), SCHEMA)
    texts = {type(way).__name__: {way.vary(asked, one).prompt.text for one in range(30)} for way in WAYS}
    assert {name: len(some) for name, some in texts.items()} == {
        "Temperature": 1, "Examples": 24, "Order": 2, "Fields": 2,
    }  # fmt: skip
    assert len({tuple(fields.build().vary(asked, one).schema["properties"]) for one in range(30)}) == 24
