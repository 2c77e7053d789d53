"""What code may call: sub-calls side by side, typed where they fail, and recursions as deep as the limits allow."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest

import commissure as cm
from commissure.hal.fleets.fault import Fault
from commissure.policies.recursion.ask import Limits
from tests.policies.recursion.repl.scripts import LEAF_S, READY, ROOT_S, TEXT, Done, done, profile, root_and_leaf

LAST = f"result = 1\n{READY}"
HALVES = f"""\
lines = context.split("\\n")
half = len(lines) // 2
parts = ["\\n".join(lines[:half]), "\\n".join(lines[half:])]
result = sum(int(one) for one in recurse_all("How many rows are red?", parts))
{READY}"""
COUNT = f'result = context.count("red")\n{READY}'


def reds(call: cm.Call) -> str:
    return str(call.prompt.rsplit("\n\n", 1)[0].count("red"))


@pytest.mark.parametrize("depth", range(4))
def test_each_depth_gives_the_same_answer_and_is_recorded_under_who_asked(depth: int) -> None:
    found = done([HALVES if depth else COUNT], leaf=reds, limits=Limits(depth=depth))
    assert (found.answer.text, found.answer.complete, found.kinds) == ("200", True, [])
    plans = [step for step in found.steps if step.kind == "plan"]
    # Children are models with sandboxes down to the last level, whose recursions are sub-calls.
    assert sorted(step.depth for step in plans) == [level for level in range(max(1, depth)) for _ in range(2**level)]
    assert len(found.leaves) == (2**depth if depth else 0)
    place = {step.id: step for step in found.steps}
    for step in found.steps:
        assert (step.parent is None) == (step.kind == "plan" and step.depth == 0)
        if step.parent is not None:
            above = place[step.parent]
            assert above.kind == "plan"
            assert above.depth == step.depth - (step.kind != "run")
    assert len({step.id for step in found.steps}) == len(found.steps)
    assert len({call.agent for call in found.script.calls if call.kind == "plan"}) == len(plans)


@pytest.mark.parametrize(
    ("depth", "told", "untold"), [(0, "", "ask("), (1, "ask_all(", "recurse("), (2, "recurse_all(", "def recurse")]
)
def test_a_model_is_told_only_what_it_can_do(depth: int, told: str, untold: str) -> None:
    system = done([LAST], limits=Limits(depth=depth)).script.calls[0].system
    assert told in system
    assert untold not in system


def test_without_sub_calls_there_is_nothing_to_call() -> None:
    found = done(["ask('x')"], limits=Limits(depth=0), patience=1)
    assert found.kinds == ["bad code"]
    assert "'ask' is not defined" in found.answer.failures[0].problem


@pytest.mark.parametrize(("number", "at_once"), [(1, 1), (5, 2), (7, 7), (9, 4), (20, 8), (3, 8)])
def test_sub_calls_side_by_side_take_as_many_rounds_as_they_must(number: int, at_once: int) -> None:
    code = f"result = ask_all([str(n) for n in range({number})])\n{READY}"
    found = done([code], leaf=lambda call: call.prompt, limits=Limits(fan_out=at_once))
    assert found.answer.value == [str(n) for n in range(number)]
    assert found.answer.wall_s == pytest.approx(ROOT_S + math.ceil(number / at_once) * LEAF_S)
    alone = done([f"result = [ask(str(n)) for n in range({number})]\n{READY}"], leaf=lambda call: call.prompt)
    assert alone.answer.wall_s == pytest.approx(ROOT_S + number * LEAF_S)


def test_two_sandboxes_queue_on_one_device() -> None:
    """The leaf's endpoint serves one call at a time; both children wait in their code, and neither loses its place."""
    fleet = root_and_leaf()
    fleet = fleet.with_profiles({"leaf": profile(LEAF_S, at_once=1)})
    code = [f"result = recurse_all('how many?', ['first', 'second'])\n{READY}"]
    asks = [f"result = ask(context) + ask(context)\n{READY}"]
    found = done(lambda call, turn: (asks if "depth 1" in call.node else code)[0], leaf=lambda call: call.prompt,
                 fleet=fleet, limits=Limits(depth=2))  # fmt: skip
    assert found.answer.value == ["firstfirst", "secondsecond"]
    assert found.answer.wall_s == pytest.approx(2 * ROOT_S + 4 * LEAF_S)


def test_failures_are_never_data() -> None:
    """None in a list, an exception from one call, and why it was from failures()."""
    turns = [
        "print(ask_all(['a', 'b', 'c']))\nprint(failures()[0][:2])",
        "try:\n    ask('d')\nexcept RuntimeError as error:\n    print(str(error)[:9])\nprint(len(failures()))",
    ]
    found = done(turns, fleet=root_and_leaf(Fault(endpoint="leaf", kind="fail", rate=1.0)))
    assert found.outputs[:2] == ["[None, None, None]\n(0, 'endpoint')\n", "endpoint:\n1\n"]
    assert found.kinds[:4] == ["endpoint"] * 4


def test_sub_calls_beyond_the_budget_fail_alone() -> None:
    found = done(["print(ask_all(['a', 'b', 'c']))\nprint(failures()[0][:2])"], limits=Limits(calls=3, fan_out=1))
    assert found.outputs == ["['1', '1', None]\n(2, 'budget')\n"]
    assert found.kinds == ["budget", "budget"]


def test_a_child_that_fails_leaves_the_others_alone() -> None:
    def said(call: cm.Call, turn: int) -> str:
        if "depth 0" in call.node:
            return f"result = recurse_all('q', ['good', 'bad', 'fine'])\nprint(failures())\n{READY}"
        return "raw:no code" if "bad" in call.prompt or "bad" in str(call.history) else f"result = context\n{READY}"

    found = done(said, limits=Limits(depth=2), patience=2)
    assert found.answer.complete
    assert found.answer.value == ["good", None, "fine"]
    assert found.kinds == ["no code"]
    assert found.outputs[-1].startswith("[(1, 'no code', ")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ask()", "TypeError: ask(): missing a required argument: 'prompt'"),
        ("ask('x', tokens=3)", "TypeError: ask(): got an unexpected keyword argument 'tokens'"),
        ("ask('x', 'expand', 1, 2)", "TypeError: ask(): too many positional arguments"),
        ("ask('x', step=3)", "TypeError: ask(): multiple values for argument 'step'"),
        ("ask(5)", "ValueError: a prompt is a text with something in it, not '5'"),
        ("ask(' ')", "ValueError: a prompt is"),
        ("ask('x', kind='expnd')", "ValueError: kind is one of plan, retrieve"),
        ("ask('x', kind=['expand'])", "ValueError: kind is one of"),
        ("ask('x', max_tokens=0)", "ValueError: max_tokens is a whole number from 1 to"),
        ("ask('x', max_tokens=True)", "ValueError: max_tokens is"),
        ("ask_all('abc')", "ValueError: give a list of texts"),
        ("ask_all(['a', None])", "ValueError: a prompt is"),
        ("ask_all(['a'] * 100000)", "ValueError: at most 10,000 at once, not 100,000"),
        ("recurse('q')", "TypeError: recurse(): missing a required argument: 'text'"),
        ("recurse_all('q', 'text')", "ValueError: give a list of texts"),
        ("recurse('q', '')", "ValueError: a text is"),
        ("failures(1)", "TypeError: failures(): too many"),
    ],
)
def test_what_is_called_wrongly_is_told_and_costs_nothing(code: str, error: str) -> None:
    found = done([code], patience=1, limits=Limits(depth=2))
    assert found.kinds == ["bad code"]
    assert error in found.answer.failures[0].problem
    assert not found.leaves


def test_an_empty_list_asks_nothing() -> None:
    found = done([f"result = ask_all([]) + recurse_all('q', [])\n{READY}"])
    assert (found.answer.value, found.answer.complete, found.leaves) == ([], True, [])


def test_a_leaf_may_say_what_no_sandbox_can_hold() -> None:
    found = done([f"result = ask('x')\n{READY}"], leaf=lambda call: "half \ud800 a pair")
    assert (found.answer.text, found.answer.complete) == ("half ? a pair", True)


def test_the_prompt_only_grows_at_its_end_and_the_trajectory_by_what_is_new() -> None:
    def run(turns: int) -> Done:
        return done(lambda call, turn: f"print('{turn:04d} ' * 300)", turns=turns)

    short, long = run(10), run(40)
    texts = [[*(one.text for one in call.history), call.prompt] for call in long.script.calls]
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(texts))

    def size(found: Done) -> int:
        return sum(len(json.dumps(step.model_dump())) for step in found.steps)

    assert size(long) == pytest.approx(4 * size(short), rel=0.05)


def test_the_same_seed_gives_the_same_trajectory() -> None:
    first, second = (done([HALVES], leaf=reds, limits=Limits(depth=2, fan_out=2), seed=3) for _ in range(2))
    assert first.steps == second.steps
    assert first.answer == second.answer
    assert first.run.trace_hash == second.run.trace_hash
    assert TEXT.count("red") == int(first.answer.text)
