"""Schemas, right answers, the judge, and what is forced in the answers: against brute force over bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.reply import Choice, Reply, Timing, Usage
from commissure.kernels.grammar import Grammar
from commissure.scenarios.tool_calling.decoding.forced import (
    forced_share,
    grammar_of,
    speller_of,
    vocabulary_of,
    written,
)
from commissure.scenarios.tool_calling.decoding.schemas import SCHEMAS
from commissure.scenarios.tool_calling.decoding.score import judged, score
from commissure.scenarios.tool_calling.decoding.tasks import TASKS, Spelling, Task, task_of
from tests.scenarios.tool_calling.vocabularies import installed

SPELLINGS: tuple[Spelling, ...] = ("none", "space", "any")
tasks = st.sampled_from(TASKS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.prompt[:20])
def test_right_answers_are_valid_and_accepted_as_they_are_spelt(task: Task) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, which judges the answers, is not installed")
    jsonschema.Draft202012Validator(SCHEMAS[task.schema]).validate(task.answer)
    for whitespace in SPELLINGS:
        text = task.text(whitespace)
        assert json.loads(text) == task.answer
        assert grammar_of(task.schema, whitespace).accepts(text)
    assert not grammar_of(task.schema, "none").accepts(task.text("space"))


def test_every_tool_and_schema_is_asked_for() -> None:
    assert {task.schema for task in TASKS} == set(SCHEMAS)
    assert [task_of(3, number) for number in range(len(TASKS))] == [*TASKS[3:], *TASKS[:3]]


@given(tasks, st.data())
def test_a_start_is_cut_and_what_no_schema_allows_is_refused(task: Task, data: st.DataObject) -> None:
    text = json.dumps(task.answer, indent=2)
    assert judged(task.schema, text) == "accepted"
    end = data.draw(st.integers(0, len(text) - 1))
    assert judged(task.schema, text[:end]) == "cut"
    member = data.draw(st.sampled_from(list(task.answer)))
    for wrong in (
        {name: value for name, value in task.answer.items() if name != member},
        task.answer | {"more": 1},
        task.answer | {member: [[]]},
        dict(reversed(task.answer.items())),
    ):
        assert judged(task.schema, json.dumps(wrong)) == "refused"


def reply(text: str, finish: str) -> Reply:
    return Reply((Choice(text, finish),), Usage(1, 0, 1), Timing(0, 0, 0, 0, 0, "sim", None), "one")


def test_the_score_tells_cut_answers_from_those_that_stopped_too_early() -> None:
    task = TASKS[0]
    text = task.text("none")
    answers = [(text, "stop"), (text[:9], "length"), (text[:9], "stop"), ("It is warm.", "stop"), ("[1]", "stop")]
    found = score((task, reply(*answer)) for answer in answers)
    assert found == {
        "answers": 5, "parsed": 2, "accepted": 1, "cut": 1, "refused": 3, "shown": [text[:9], "It is warm.", "[1]"],
    }  # fmt: skip


def only_byte(grammar: Grammar, begun: bytes) -> bytes:
    """The one byte that can follow, if there is but one and the text cannot end."""
    if grammar.accepts(begun):
        return b""
    may = [bytes([byte]) for byte in range(256) if grammar.refusal(begun + bytes([byte])) != len(begun)]
    return may[0] if len(may) == 1 else b""


@pytest.mark.parametrize("whitespace", ["none", "space"])
@pytest.mark.parametrize("number", [0, 4, 6, 9])
def test_what_is_forced_is_what_no_other_byte_can_follow(number: int, whitespace: Spelling) -> None:
    installed("smollm2")
    task, known, speller = TASKS[number], vocabulary_of("smollm2"), speller_of("smollm2")
    grammar, text, at, sampled = grammar_of(task.schema, whitespace), task.text(whitespace).encode(), 0, 0
    while at < len(text):
        if forced := only_byte(grammar, text[:at]):
            assert text[at : at + 1] == forced
            at += 1
        else:
            at += len(known.tokens[speller.first(text[at:])])
            sampled += 1
    found = written(task.schema, text.decode(), whitespace, "smollm2")
    assert found.sampled == sampled
    assert found.tokens == len(speller.spelt(known, text))
    assert b"".join(known.tokens[token] for token in speller.spelt(known, text)) == text


def test_whitespace_leaves_less_to_force() -> None:
    installed("smollm2")
    none, space, any_ = (forced_share("smollm2", whitespace) for whitespace in SPELLINGS)
    assert 0 < any_ < space < none < 1
