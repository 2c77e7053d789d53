"""Random small programs give the same value, output and errors in the sandbox as in CPython."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commissure.policies.recursion.sandbox.interpreter import Ended
from commissure.policies.recursion.sandbox.monty import MontyInterpreter

NUMBERS = st.one_of(
    st.integers(-99, 99).map(lambda n: f"({n})"), st.sampled_from(("a", "len(s)", "len(t)", "2.5", "True"))
)
TEXTS = st.one_of(
    st.text("abcXYZ 0-9,.é", max_size=8).map(repr), st.sampled_from(("s", "str(a)", "s[::-1]", "s.upper()", "repr(t)"))
)
LISTS = st.sampled_from(
    ("t", "[1, 2, 3]", "list(s)", "[x * 2 for x in t]", "sorted(map(str, t))", "s.split()", "t[1:]")
)


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(("+", "-", "*", "//", "%", "/", "<", "==", "and", "or"))
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"abs({one})"),
        inner.map(lambda one: f"round({one}, 2)"),
        st.tuples(inner, inner).map(lambda two: f"max({', '.join(two)})"),
    )


number = st.recursive(NUMBERS, _numbers, max_leaves=6)
text = st.recursive(
    TEXTS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" + ".join),
        inner.map(lambda one: f"({one}).title().strip()"),
        inner.map(lambda one: f"({one}).replace('a', 'bb')"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}).join(({two[1]}, 'z'))"),
        number.map(lambda one: f"f'{{{one}!r:>7}}'"),
    ),
    max_leaves=4,
)
line = st.one_of(
    number.map(lambda one: f"a = {one}"),
    text.map(lambda one: f"s = ({one})[:40]"),
    LISTS.map(lambda one: f"t = ({one})[:10]"),
    number.map(lambda one: f"print({one}, sep='')"),
    text.map(lambda one: f"print(repr({one}))"),
    number.map(lambda one: f"t = t + [{one}]"),
    st.tuples(number, number).map(lambda two: f"if {two[0]}:\n    a = {two[1]}\nelse:\n    s += '!'"),
    st.tuples(number, text).map(
        lambda two: f"try:\n    a = {two[0]}\n    s[99]\nexcept (IndexError, ZeroDivisionError):\n    print({two[1]})"
    ),
    number.map(lambda one: f"for x in t:\n    if x == {one}:\n        break\n    a = x\nelse:\n    print('none')"),
)
program = st.lists(line, min_size=1, max_size=6).map(
    lambda lines: "a, s, t = 3, 'one two', [4, 5]\n" + "\n".join(lines) + "\n(a, s, t)"
)


def in_cpython(code: str) -> tuple[object, str, str]:
    printed, names = io.StringIO(), dict[str, object]()
    body, _, last = code.rpartition("\n")
    try:
        with redirect_stdout(printed):
            exec(body, names)
        return eval(last, names), printed.getvalue(), ""
    except Exception as error:
        return None, printed.getvalue(), type(error).__name__


@pytest.fixture(scope="module")
def home() -> Iterator[MontyInterpreter]:
    with MontyInterpreter() as home:
        yield home


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=program)
def test_the_same_as_cpython(home: MontyInterpreter, code: str) -> None:
    value, printed, error = in_cpython(code)
    with home.session(()) as session:
        ended = session.run(code)
    if error:
        assert f" {error}" in ended.error, ended
        assert ended.printed == printed
    else:
        assert repr(ended) == repr(Ended(value, printed))
