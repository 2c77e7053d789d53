"""The pure parts: code in what was said, a built value as text, mistakes in a row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.policies.recursion.repl.built import NOTHING, Built, text_of
from commissure.policies.recursion.repl.code import code_in
from commissure.policies.recursion.repl.judging import Judge, Turn
from commissure.policies.recursion.repl.wording import shown
from commissure.policies.recursion.sandbox.interpreter import Ended


@pytest.mark.parametrize(
    ("said", "code", "closed"),
    [
        ("no code at all", "", True),
        ("```python\nx = 1\n```", "x = 1", True),
        ("First\n```repl\nx = 1\n```\nthen\n```\ny = 2\n```\n", "x = 1\ny = 2", True),
        ("```Python\r\nx = 1\r\n```", "x = 1", True),
        ("```json\n{}\n```\nwords between\n```python\nx = 1\n```", "x = 1", True),
        ("```text\nmy plan\n```\nis good", "", True),
        ('```py\np = "in ``` a text"\n```', 'p = "in ``` a text"', True),
        ("```python\nx = 1", "x = 1", False),
        ("<think>```python\nbad\n```</think>\n```python\nx = 1\n```", "x = 1", True),
        ("```python\n\n```", "", True),
        ("print(1)", "", True),
    ],
)
def test_code_is_what_stands_between_fences_that_say_python_or_nothing(said: str, code: str, closed: bool) -> None:
    found = code_in(said)
    assert (found.text, found.closed) == (code, closed)


@given(st.lists(st.text(st.characters(exclude_characters="`\r"), min_size=1), max_size=5))
def test_code_comes_out_as_it_was_fenced(blocks: list[str]) -> None:
    said = "\n".join(f"words\n```python\n{block}\n```" for block in blocks)
    assert code_in(said).text == "\n".join(block for block in blocks if block.strip())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"), (3, "3"), (2.5, "2.5"), (["a", 1], "a\n1"), ([("u", "v"), ["w", "x"]], "u, v\nw, x"),
        ({"a": 1}, '{"a": 1}'), ([], ""), ([{"pr": 1}], '{"pr": 1}'), ({(1, 2): 3}, "{}"),
    ],
)  # fmt: skip
def test_a_built_value_is_told_item_by_line(value: Any, text: str) -> None:
    assert text_of(value) == text


def ran(code: str, printed: str = "", error: str = "", kind: Any = None, built: Built = NOTHING) -> Turn:
    return Turn("", code, Ended(None, printed, error, kind), built)


def test_only_mistakes_in_a_row_count() -> None:
    judge = Judge(2)
    wrong, right = ran("1/0", error="ZeroDivisionError", kind="error"), ran("print(1)", "1")
    assert judge.mistake(wrong) is not None
    assert judge.mistake(right) is None
    assert judge.mistake(wrong) is not None
    assert not judge.out_of_patience
    mistake = judge.mistake(Turn("words"))
    assert mistake is not None
    assert (mistake.kind, judge.out_of_patience) == ("no code", True)


def test_going_round_in_a_circle_is_a_loop() -> None:
    """The same code with the same output as any turn before; with another output it gets on."""
    judge = Judge(3)
    circle = [ran("print(1)", "1"), ran("print(2)", "2")]
    assert [judge.mistake(turn) for turn in circle] == [None, None]
    assert judge.mistake(ran("print(1)", "other")) is None
    kinds = [mistake.kind for turn in [*circle, circle[0]] if (mistake := judge.mistake(turn))]
    assert kinds == ["loop"] * 3
    assert judge.out_of_patience


@given(st.text(max_size=50), st.integers(0, 60))
def test_what_is_shown_is_cut_and_says_so(printed: str, limit: int) -> None:
    told = shown(printed, limit)
    assert told.startswith(printed[:limit])
    assert (told == printed) == (len(printed) <= limit)
