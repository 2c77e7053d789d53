from __future__ import annotations

import json
from typing import Any

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.reply import Choice, Logprob
from commissure.kernels.grammar import Settings as Reading
from commissure.kernels.grammar import compile_schema
from commissure.scenarios.scenario import find_scenario, parse_settings
from commissure.scenarios.tool_calling.ensembles.answers import Asked, KeptSample, kept_sample, parse
from commissure.scenarios.tool_calling.ensembles.behaviour import errors_of, with_errors
from commissure.scenarios.tool_calling.ensembles.foretold import foretold_from
from commissure.scenarios.tool_calling.ensembles.wrong import wrong
from commissure.scenarios.tool_calling.records.documents import documents, known_families
from tests.scenarios.tool_calling.ensembles.said import record


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000, '{"a": 1} then', "'a'"])
def test_what_is_no_json_has_no_value(text: str) -> None:
    assert parse(text) == (False, None)


def test_null_is_a_value() -> None:
    assert parse("null") == (True, None)
    assert KeptSample(text="null", tokens=1).sample("m").parsed


def test_tokens_and_log_probability_are_those_shown_else_an_even_part() -> None:
    shown = Choice("{}", logprobs=(Logprob("{", -0.5), Logprob("}", -0.25)))
    assert kept_sample(shown, 3, 9) == KeptSample(text="{}", tokens=2, logprob=-0.75, variant=3)
    assert kept_sample(Choice("{}"), 0, 9) == KeptSample(text="{}", tokens=9)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n": "0"}, "n: Input should be greater than or equal to 1"),
        ({"families": "listing"}, "Did you mean 'listings'"),
        ({"families": " , "}, "name at least one of"),
        ({"diversity": "exampels"}, "examples"),
        ({"records": "1"}, "records"),
        ({"temperature": "nan"}, "temperature"),
        ({"stand_in": "gpt"}, "model with recorded answers"),
    ],
)
def test_bad_settings_are_told(given: dict[str, str], told: str) -> None:
    scenario = find_scenario("tool-calls")
    with pytest.raises(UsageError, match=told):
        scenario.fleet(Fleet.load("local"), parse_settings(scenario, given), "plurality", 0)


@pytest.mark.parametrize("family", sorted(known_families()))
def test_carried_over_errors_are_wrong_just_there_and_keep_to_the_schema(family: str) -> None:
    for one in documents(seed=1002, count=8, families=(family,)):
        grammar = compile_schema(dict(one.asked.schema), Reading(whitespace="any"))
        for place, name in enumerate(one.truth):
            text = with_errors(one, {name: place})
            assert errors_of(one, [text]) == [{name: 0}], (one.id, text)
            assert grammar.accepts(text), text
        assert json.loads(with_errors(one, {})) == one.truth


def test_wrong_numbers_keep_to_their_schema_though_the_source_has_others() -> None:
    money = {"type": "number", "minimum": 0, "maximum": 99999.99, "multipleOf": 0.01}
    said = [
        wrong(99999.5, number, "Order 360749 of 1.2345 kg costs 99,999.50, not 12.30.", money) for number in range(4)
    ]
    assert said == [12.3, 99998.5, 99997.5, 99996.5]
    assert wrong(5, 0, "5.5 or 7", {"type": "integer"}) == 7


def test_equal_wrong_values_stay_equal() -> None:
    one = record("r")
    texts = ['{"a": 2, "b": "x"}', '{"a": 1, "b": "y"}', '{"a": 3, "b": "x"}', '{"a": 2, "b": "z"}', "{"]
    assert errors_of(one, texts) == [{"a": 0}, {"b": 0}, {"a": 1}, {"a": 0, "b": 1}, {"a": 2, "b": 2}]


@pytest.mark.parametrize("value", [True, 3, 2.5, "Acme kettle", "x", [1, 2], {"q": 1}])
def test_a_wrong_value_differs(value: Any) -> None:
    for number in range(6):
        assert wrong(value, number, "The Acme kettle costs 3 or 2.5 or 7 pounds, says Borea.", {}) != value


def pilots(*texts: str) -> Asked:
    samples = tuple(KeptSample(text=text, tokens=1) for text in texts)
    return Asked(samples=samples, latency_s=1, prompt_tokens=1, computed_tokens=1, output_tokens=2, cost_usd=0)


def test_the_vote_is_foretold_from_pilots_alone() -> None:
    right, other = '{"a": 1, "b": "x"}', '{"a": 2, "b": "y"}'
    records = [record(f"r/{number}") for number in range(40)]
    sure = foretold_from("m", records, [pilots(right, right)] * 40, 0)
    assert sure.plurality.accuracy[7] > 0.9
    assert sure.fields.accuracy[7] > 0.9
    # What is wrong twice in the same way stays wrong.
    biased = foretold_from("m", records, [pilots(other, other)] * 40, 0)
    assert biased.plurality.accuracy[7] < 0.1
    # Right half of the time, and never wrong twice in the same way: votes help.
    texts = [pilots(right, f'{{"a": {number + 5}, "b": "q{number}"}}') for number in range(40)]
    split = foretold_from("m", records, texts, 0)
    assert split.plurality.accuracy[7] > split.plurality.accuracy[0] + 0.2
    assert len(split.plurality.n) == 32
    assert split.of != sure.of
