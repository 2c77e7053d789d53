"""A model is asked about each answer once, and its first token is the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, log
from pathlib import Path
from typing import Any

import pytest

import commissure as cm
from commissure.hal.reply import Choice, Logprob
from commissure.policies.ensemble.prompt import Asked, Prompt
from commissure.policies.ensemble.sample import Sample
from commissure.policies.ensemble.verifier import KIND, question_of, verdict_of, verify

EXAMPLES = (("one cup", {"n": 1}), ("two cups", {"n": 2}), ("a cup", {"n": 1.0}), ("six", {"n": 6}))
ASKED = Asked(Prompt("Count the cups.", EXAMPLES, "five cups"), {"type": "object"})
CANDIDATES = [
    Sample('{"n":5}', {"n": 5}, parsed=True),
    Sample('{"n":', verdict=0.5),
    Sample('{"n":4}', {"n": 4}, parsed=True, verdict=0.5),
    Sample('{"n":5.0}', {"n": 5.0}, parsed=True),
]


@dataclass
class Judge:
    """Holds five for right with probability 0.8 of what is yes or no, and all else with 0.1."""

    logprobs: bool = True
    calls: list[cm.Call] = field(default_factory=list)

    def answer(self, call: cm.Call) -> tuple[Choice, int]:
        self.calls.append(call)
        right = '"n": 5}' in call.prompt.splitlines()[-2]
        share = 0.8 if right else 0.1
        top = ((" yes", log(0.5 * share)), (" No", log(0.5 * (1 - share))), (" maybe", log(0.5)))
        shown = (Logprob(" maybe", log(0.5), top),) if call.logprobs is not None else ()
        return Choice(" yes" if right else " no", logprobs=shown), 1


def verified(fleet: cm.Fleet, judge: Judge | None, candidates: list[Sample], node: str = "judge") -> cm.Run:
    async def workflow(rt: cm.Runtime, opened: cm.OpenFleet) -> list[Sample]:
        return await verify(rt, opened, ASKED, candidates, node=node, agent="judging")

    return cm.run(workflow, fleet, behaviour=judge)


def test_verdicts_of_a_modelled_judge() -> None:
    judge = Judge()
    done = verified(cm.Fleet.load("local"), judge, CANDIDATES)
    assert [one.verdict for one in done.result] == [pytest.approx(0.8), 0.5, pytest.approx(0.1), pytest.approx(0.8)]
    assert [(one.text, one.value) for one in done.result] == [(one.text, one.value) for one in CANDIDATES]
    assert len(done.calls) == len(judge.calls) == 2
    assert {(call.kind, call.node, call.agent, call.max_tokens, call.chat, call.logprobs) for call in judge.calls} == {
        (KIND, "judge", "judging", 1, False, 20)
    }


def test_the_calls_go_side_by_side() -> None:
    many = [Sample("", {"n": n}, parsed=True) for n in range(4)]
    one = verified(cm.Fleet.load("h100"), Judge(), many[:1]).time_s
    assert verified(cm.Fleet.load("h100"), Judge(), many).time_s < 2 * one


def test_nothing_to_ask_about() -> None:
    for candidates in ([], [Sample("{")]):
        done = verified(cm.Fleet.load("null"), None, candidates)
        assert (done.result, done.calls) == (candidates, ())


def test_an_endpoint_without_log_probabilities_that_says_neither() -> None:
    done = verified(cm.Fleet.load("null"), None, CANDIDATES)
    assert [one.verdict for one in done.result] == [None, 0.5, None, None]
    assert len(done.calls) == 2


FLEET = """
[[endpoints]]
name = "bare"
provider = "together"
model = "qwen3-235b"
chip = "undisclosed"

[[endpoints]]
name = "chatty"
provider = "groq"
model = "llama-3.3-70b"
chip = "groq-lpu"
"""


class ByName(cm.Router):
    def choose(self, call: cm.Call, fleet: cm.FleetStatus) -> cm.Candidate:
        able = fleet.able(call)
        return next((one for one in able if one.name == call.node), able[0])


@pytest.mark.parametrize(("node", "chat"), [("bare", False), ("chatty", True), ("anyone", True)])
def test_endpoints_that_tell_no_log_probabilities_and_may_only_chat(tmp_path: Path, node: str, chat: bool) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(FLEET)
    judge = Judge()
    done = verified(cm.Fleet.load(path, router=ByName()), judge, CANDIDATES, node)
    assert {(call.chat, call.logprobs) for call in judge.calls} == {(chat, None)}
    assert [one.verdict for one in done.result] == [1.0, 0.5, 0.0, 1.0]


def test_the_question() -> None:
    head, _, *shown, last = question_of(ASKED.prompt, {"n": 4}).split("\n\n")
    assert head == "Count the cups."
    assert last == 'Text: five cups\nJSON: {"n": 4}\nRight:'
    # Of two examples with equal answers neither is shown as the wrong answer to the other.
    assert [one.splitlines()[1:] for one in shown] == [
        ['JSON: {"n": 1}', "Right: yes"],
        ['JSON: {"n": 1.0}', "Right: no"],
        ['JSON: {"n": 1.0}', "Right: yes"],
        ['JSON: {"n": 1}', "Right: no"],
    ]
    told = replace(ASKED.prompt, context="cups(n)\n")
    assert question_of(told, 4) == question_of(ASKED.prompt, 4).replace("five cups", "cups(n)\nfive cups")
    same = question_of(Prompt("", (("a", 1), ("b", 1)), "c"), 1)
    assert same.count("Right: yes") == 2
    assert "no\n" not in same.partition("\n\n")[2]


def reply(text: str, *tokens: Logprob) -> Any:
    usage, timing = cm.Usage(1, 0, 1), cm.Timing(0, 0, 0, 0, 0, "client")
    return cm.Reply((Choice(text, logprobs=tokens),), usage, timing, "x")


@pytest.mark.parametrize(
    ("text", "tokens", "verdict"),
    [
        ("Yes", (), 1.0),
        ("no.", (), 0.0),
        ("**Yes**, it is", (), 1.0),
        ("not sure", (), None),
        ("yesterday", (), None),
        ("", (), None),
        ("maybe yes", (), None),
        ("x", (Logprob(" yes", -0.1),), 1.0),
        ("x", (Logprob("no", -0.1, (("no", -0.1), ("NO", -0.1), ("Yes", -0.1))),), 1 / 3),
        ("x", (Logprob("yes", -2000.0, (("no", -2000.0),)),), 0.5),
        ("x", (Logprob("yes", -1.0, (("no", float("-inf")),)),), 1.0),
        ("x", (Logprob("yes", float("-inf")),), None),
        ("x", (Logprob("now", -0.1, (("not", -1.0), ("y", -2.0))),), None),
        ("yes", (Logprob("maybe", -0.1),), None),
        ("x", (Logprob(" maybe", -1.0, ((" yes", -2.0), ("no", -3.0))),), 1 / (1 + exp(-1))),
    ],
)
def test_the_verdict_of_a_reply(text: str, tokens: tuple[Logprob, ...], verdict: float | None) -> None:
    assert verdict_of(reply(text, *tokens)) == (None if verdict is None else pytest.approx(verdict))
