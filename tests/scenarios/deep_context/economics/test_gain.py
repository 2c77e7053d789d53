from dataclasses import replace
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import load_profile
from commissure.scenarios.deep_context.economics.gain import FACTORS, Parts, factors_of, placed_by, ways, who
from commissure.scenarios.deep_context.economics.law import Mix, Tree, amdahl, bill_of, law_table, split

GPT = load_profile("openai-gpt-5-undisclosed")
GROQ = load_profile("groq-gpt-oss-120b-groq-lpu")
CEREBRAS = load_profile("cerebras-gpt-oss-120b-cerebras-wse3")
TREE = Tree(turns=5, leaves=100, root_read=2000, root_said=200, leaf_read=10_000, leaf_said=500)
MIX = Mix(GPT, GROQ, CEREBRAS, 8)
PARTS = Parts("base", "model", "chip")


def test_all_ways_are_there_and_read_back() -> None:
    assert len(ways()) == len({factors_of(way) for way in ways()}) == 16
    with pytest.raises(UsageError, match="routing"):
        factors_of("model+routin")


@pytest.mark.parametrize(
    ("way", "root", "leaf"),
    [
        ("none", "base", "base"),
        ("chip", "base", "base"),
        ("model", "model", "model"),
        ("model+chip", "chip", "chip"),
        ("model+chip+routing", "base", "chip"),
    ],
)
def test_who_serves(way: str, root: str, leaf: str) -> None:
    assert who(factors_of(way), PARTS) == (root, leaf)
    assert placed_by(way, PARTS) == f"by_depth:0={root},1={leaf}"


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(1, 200), st.integers(1, 3), st.integers(1, 40))
def test_side_by_side_is_between_sequential_and_amdahl(turns: int, leaves: int, stages: int, at_once: int) -> None:
    tree = replace(TREE, turns=turns, leaves=leaves, stages=stages)
    in_turn, beside = bill_of(tree, GPT, CEREBRAS), bill_of(tree, GPT, CEREBRAS, at_once)
    assert beside.usd == in_turn.usd
    calls = [bill_of(tree, GPT, CEREBRAS, 1).seconds, bill_of(tree, GPT, CEREBRAS, leaves).seconds]
    assert calls[1] - 1e-9 <= beside.seconds <= calls[0] + 1e-9
    leaf = (calls[0] - calls[1]) / (stages * (leaves - 1)) if leaves > 1 else 0.0
    share = 1 - stages * leaves * leaf / in_turn.seconds
    assert in_turn.seconds / beside.seconds <= amdahl(max(0.0, share), at_once) * (1 + 1e-9)


def test_the_sum_over_calls() -> None:
    root = GPT.hosted
    assert root is not None
    turn = root.base_s.value + 200 * root.output_token_s.value
    leaf = root.base_s.value + 500 * root.output_token_s.value
    assert bill_of(TREE, GPT, GPT).seconds == pytest.approx(5 * turn + 100 * leaf)
    assert bill_of(TREE, GPT, GPT, 8).seconds == pytest.approx(5 * turn + 13 * leaf)


def test_stages_follow_each_other() -> None:
    one, three = (bill_of(replace(TREE, turns=1, stages=stages), GPT, CEREBRAS, 8) for stages in (1, 3))
    root = bill_of(replace(TREE, turns=2), GPT, CEREBRAS, 8).seconds - one.seconds
    assert three.seconds - root == pytest.approx(3 * (one.seconds - root))
    assert three.usd > 2 * one.usd


def test_the_parts_of_the_law_multiply_to_the_whole() -> None:
    none, every = (MIX.bill(TREE, on) for on in (frozenset[str](), frozenset(FACTORS)))
    fast, cheap = split(TREE, MIX)
    assert exp(sum(fast.values())) == pytest.approx(none.seconds / every.seconds)
    assert exp(sum(cheap.values())) == pytest.approx(none.usd / every.usd)
    assert cheap["concurrency"] == pytest.approx(0, abs=1e-9), "money does not depend on what runs when"
    assert fast["routing"] < 0 < fast["concurrency"], "a frontier root slows the chain, and gains no speed"
    rows = law_table(TREE, MIX).rows
    assert [row[0] for row in rows] == [*FACTORS, "all"]
    assert float(rows[-1][1]) == pytest.approx(none.seconds / every.seconds, abs=0.01)


def test_what_cannot_be_is_refused() -> None:
    for wrong in (
        lambda: replace(TREE, leaves=0),
        lambda: bill_of(TREE, GPT, GPT, 0),
        lambda: amdahl(1.5, 2),
        lambda: amdahl(0.5, 0),
    ):
        with pytest.raises(UsageError):
            wrong()
