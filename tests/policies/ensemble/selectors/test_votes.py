"""What every selector of this folder that only counts and compares must hold, and what each must find."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.leaves import ABSENT, canonical
from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
from commissure.policies.ensemble.selectors import build_selector
from commissure.policies.ensemble.selectors.per_field import PerField
from commissure.policies.ensemble.selectors.weighted_fields import WeightedFields
from commissure.policies.ensemble.similarity import similarity
from tests.policies.ensemble.json_values import FLAT, LOGPROBS, VALUES, candidates, classes, nested, same, saying

QUICK = settings(max_examples=50, deadline=None)

BY_PROBABILITY = ["best_logprob", "weighted", "weighted_fields"]
BY_VOTE = ["first", "plurality", "per_field", "medoid"]
ALL = BY_VOTE + BY_PROBABILITY
QUESTION = Question("")
every = pytest.mark.parametrize("name", ALL)


def decide(name: str, said: Sequence[Sample], schema: Any = True) -> Decision:
    return build_selector(name).select(said, Question("", schema))


def parsed(said: Sequence[Sample], *, told: bool = False) -> list[Sample]:
    return [one for one in said if one.parsed and (one.logprob is not None or not told)]


def preferred(said: Sequence[Sample], groups: list[list[int]]) -> Any:
    """Of groups with as many votes: the highest log probability, if each has one, then the first text."""
    best = [[logprob for place in group if (logprob := said[place].logprob) is not None] for group in groups]
    if all(best):
        highest = max(max(one) for one in best)
        groups = [group for group, one in zip(groups, best, strict=True) if max(one) == highest]
    return min((said[group[0]].value for group in groups), key=canonical)


def most_said(said: Sequence[Sample]) -> Any:
    groups = classes([one.value for one in said])
    return preferred(said, [group for group in groups if len(group) == max(map(len, groups))])


@every
@QUICK
@given(candidates())
def test_decision(name: str, said: list[Sample]) -> None:
    decision = decide(name, said)
    assert 0 <= decision.confidence <= 1
    assert decision.answered == bool(parsed(said, told=name in BY_PROBABILITY))
    if not decision.answered:
        assert decision is NO_DECISION
    else:
        says = [place for place, one in enumerate(said) if one.parsed and same(one.value, decision.value)]
        assert decision.index == (says[0] if says else None)
        assert decision.index is not None or "field" in name


@pytest.mark.parametrize("name", [name for name in ALL if name != "first"])
@QUICK
@given(candidates(), st.randoms(use_true_random=False))
def test_order_does_not_matter(name: str, said: list[Sample], rng: Any) -> None:
    shuffled = said.copy()
    rng.shuffle(shuffled)
    one, other = decide(name, said), decide(name, shuffled)
    assert same(one.value, other.value)
    assert (one.confidence, one.answered) == (other.confidence, other.answered)


@every
@QUICK
@given(VALUES, st.lists(LOGPROBS, min_size=1, max_size=8), st.integers(0, 3))
def test_unanimous(name: str, value: Any, logprobs: list[float | None], unparsed: int) -> None:
    assume(name in BY_VOTE or any(one is not None for one in logprobs))
    said = [Sample("{")] * unparsed + [Sample("", value, parsed=True, logprob=one) for one in logprobs]
    decision = decide(name, said)
    assert same(decision.value, value)
    assert decision.index == unparsed
    assert decision.confidence == pytest.approx(1)


@QUICK
@given(candidates())
def test_plurality(said: list[Sample]) -> None:
    assume(voters := parsed(said))
    decision = decide("plurality", said)
    assert same(decision.value, most_said(voters))
    assert decision.confidence == pytest.approx(sum(same(one.value, decision.value) for one in voters) / len(voters))


@QUICK
@given(candidates())
def test_a_copy_of_the_winner_changes_nothing(said: list[Sample]) -> None:
    decision = decide("plurality", said)
    assume(decision.index is not None)
    assert decision.index is not None
    again = decide("plurality", [*said, said[decision.index]])
    assert same(again.value, decision.value)
    assert again.confidence > decision.confidence or decision.confidence == 1


@QUICK
@given(st.lists(FLAT, min_size=1, max_size=8), st.lists(LOGPROBS, min_size=8, max_size=8))
def test_per_field_of_flat_records(records: list[dict[str, Any]], logprobs: list[float | None]) -> None:
    said = [Sample("", one, parsed=True, logprob=told) for one, told in zip(records, logprobs, strict=False)]
    decision = decide("per_field", said)
    shares = []
    for key in "abc":
        votes = [replace(one, value=one.value.get(key, ABSENT)) for one in said]
        winner = most_said(votes)
        assert same(decision.value.get(key, ABSENT), winner)
        shares.append(sum(same(one.value, winner) for one in votes) / len(votes))
    assert decision.confidence == pytest.approx(min(shares))


@QUICK
@given(candidates())
def test_medoid(said: list[Sample]) -> None:
    assume(voters := parsed(said))
    decision = decide("medoid", said)
    means = [sum(similarity(one.value, other.value) for other in voters) / len(voters) for one in voters]
    assert decision.confidence == pytest.approx(max(means))
    (mine, *_) = [mean for mean, one in zip(means, voters, strict=True) if same(one.value, decision.value)]
    assert mine == pytest.approx(max(means))
    groups = classes([one.value for one in voters])
    best = [group for group in groups if means[group[0]] > max(means) - 1e-9]
    if len(best) == 1:
        assert same(decision.value, voters[best[0][0]].value)


@QUICK
@given(candidates())
def test_best_logprob(said: list[Sample]) -> None:
    assume(told := parsed(said, told=True))
    highest = max(one.logprob for one in told if one.logprob is not None)
    top = [replace(one, logprob=None) for one in told if one.logprob == highest]
    assert same(decide("best_logprob", said).value, most_said(top))


@QUICK
@given(candidates(), st.floats(-1e5, 1e5))
def test_weights_are_relative(said: list[Sample], shift: float) -> None:
    shift = round(shift)
    said = [one if one.logprob is None else replace(one, logprob=float(round(one.logprob))) for one in said]
    moved = [one if one.logprob is None else replace(one, logprob=one.logprob + shift) for one in said]
    for name in BY_PROBABILITY:
        assert same(decide(name, said).value, decide(name, moved).value)
        assert decide(name, said).confidence == pytest.approx(decide(name, moved).confidence)


@QUICK
@given(st.lists(st.tuples(VALUES, st.just(-7.0)), min_size=1, max_size=8))
def test_equal_probabilities_are_plain_votes(votes: list[tuple[Any, float]]) -> None:
    said = [Sample("", value, parsed=True, logprob=logprob) for value, logprob in votes]
    for weighted, plain in (("weighted", "plurality"), ("weighted_fields", "per_field")):
        assert same(decide(weighted, said).value, decide(plain, said).value)
        assert decide(weighted, said).confidence == pytest.approx(decide(plain, said).confidence)


def test_weights_against_votes() -> None:
    likely, rare = {"a": 1, "b": 1}, {"a": 2, "b": 1}
    said = [Sample("", one, parsed=True, logprob=p) for one, p in ((rare, -903.0), (likely, -900.0), (rare, -902.0))]
    said.append(Sample("", {"a": 3, "b": 3}, parsed=True))
    weight = 1 / (1 + 2.718281828**-2 + 2.718281828**-3)
    assert decide("plurality", said).value == rare
    for name in BY_PROBABILITY:
        decision = decide(name, said)
        assert (decision.value, decision.index) == (likely, 1)
        assert decision.confidence == pytest.approx(weight)
    fields = WeightedFields().fields(said, QUESTION)
    assert fields is not None
    assert fields.shares == {"/a": pytest.approx(weight), "/b": pytest.approx(1)}


def test_shares_of_fields() -> None:
    said = [Sample("{"), *saying({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2})]
    fields = PerField().fields(said, QUESTION)
    assert fields is not None
    assert fields.shares == {"/a": 2 / 3, "/b": 2 / 3}
    assert decide("per_field", said) == Decision({"a": 1, "b": 2}, 2, 2 / 3)
    assert PerField().fields([Sample("{")], QUESTION) is None
    assert WeightedFields().fields(said, QUESTION) is None


@every
@pytest.mark.parametrize("said", [[], [Sample("{")], [Sample("{", logprob=-1.0)] * 8])
def test_nothing_to_choose_from(name: str, said: list[Sample]) -> None:
    assert decide(name, said) is NO_DECISION


@pytest.mark.parametrize("name", BY_PROBABILITY)
def test_no_log_probability(name: str) -> None:
    assert decide(name, saying({"a": 1}, {"a": 1})) is NO_DECISION


@pytest.mark.parametrize(
    ("name", "said", "value", "index", "confidence"),
    [
        ("first", [{"a": 2}, {"a": 1}, {"a": 1}], {"a": 2}, 0, 1 / 3),
        ("plurality", [{"a": 2}, {"a": 1}, {"a": 1.0}], {"a": 1}, 1, 2 / 3),
        ("plurality", [2, 1], 1, 1, 1 / 2),
        ("per_field", [{"a": None, "b": None}] * 3, {"a": None, "b": None}, 0, 1),
        ("per_field", [[1, 1, 1], [1, 2, 2], [2, 2, 1]], [1, 2, 1], None, 2 / 3),
        ("per_field", [{"a": [1]}, {"a": {"b": 1}}, {"a": "x"}, {"a": "y"}], {"a": "x"}, 2, 1 / 4),
        ("medoid", [{"a": 1, "b": 9}, {"a": 1, "b": 8}, {"a": 5, "b": 8}], {"a": 1, "b": 8}, 1, 229 / 270),
        ("medoid", [{}, {}], {}, 0, 1),
        ("medoid", ["é"], "é", 0, 1),
    ],
)
def test_table(name: str, said: list[Any], value: Any, index: int | None, confidence: float) -> None:
    decision = decide(name, saying(*said))
    assert (canonical(decision.value), decision.index) == (canonical(value), index)
    assert decision.confidence == pytest.approx(confidence)


@every
@pytest.mark.parametrize("array", [False, True])
def test_deep_values(name: str, array: bool) -> None:
    texts = [json.dumps(nested(500, leaf, array=array)) for leaf in (2, 1, 2)]
    decision = decide(name, [Sample(text, json.loads(text), parsed=True, logprob=-1.0) for text in texts])
    assert (json.dumps(decision.value), decision.index) == (texts[0], 0)


@every
def test_deeper_than_python_calls(name: str) -> None:
    said = [Sample("", nested(5000, leaf, array=True), parsed=True, logprob=-1.0) for leaf in (2, 1, 2)]
    assert canonical(decide(name, said, {"items": {"uniqueItems": True}}).value) == canonical(said[0].value)
