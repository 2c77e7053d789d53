"""Turns of sandboxed code a minute, beside the same code in this process, and what a session costs to start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from time import perf_counter
from types import CodeType

import pytest

from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from commissure.policies.recursion.sandbox.monty_session import MontySession
from tests.bench.ratios import line, paired

pytestmark = pytest.mark.bench

CONTEXT = "2024-03-05 || 17 || abcde" * 40_000
assert len(CONTEXT) == 10**6
TURN = "found = context.count('17')\nsaid = ask(context[100:2000], 'expand')\nprint(found, said)"
CODE: CodeType = compile(TURN, "turn", "exec")
TURNS_A_MINUTE = 10_000
# Of a turn whose megabyte is written out four times and read in twice.
MOST_RATIO = 30
PAIRS = 300


def sandboxed(session: MontySession) -> None:
    """A turn: start, one call out, its value."""
    assert isinstance(session.start(TURN), CallOut)
    assert session.resume("label") == Ended(None, "40000 label\n")


def report(name: str, ours: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> tuple[float, float]:
    """Turns a minute and the ratio to plain Python, by medians of single turns, after a line of the table."""
    seconds: list[float] = []

    def timed() -> None:
        began = perf_counter()
        ours()
        seconds.append(perf_counter() - began)

    names = {"context": CONTEXT, "ask": lambda text, kind: "label", "print": lambda *said: None}
    ratios = paired(timed, lambda: exec(CODE, names), PAIRS)
    a_minute = 60 / median(seconds)
    note = f"median {1e3 * median(seconds):.3f} ms, {a_minute:,.0f} a minute"
    with capsys.disabled():
        print("\n" + line(name, ratios, note), end="")
    return a_minute, median(ratios)


def test_turns(capsys: pytest.CaptureFixture[str]) -> None:
    with MontyInterpreter() as home, home.session(("ask",)) as session:
        session.start("None", {"context": CONTEXT})
        a_minute, _ = report("turn, 1 MB of context / exec in process", lambda: sandboxed(session), capsys)
    assert a_minute >= TURNS_A_MINUTE


def test_turns_of_parked_sessions(capsys: pytest.CaptureFixture[str]) -> None:
    """Twelve sessions on two workers: each turn wakes one and parks another, twice."""
    with MontyInterpreter(2) as home, ExitStack() as open_sessions:
        sessions = [open_sessions.enter_context(home.session(("ask",))) for _ in range(12)]
        for session in sessions:
            session.start("None", {"context": CONTEXT})
        order = iter(range(10**6))

        def turn() -> None:
            """A start in one, and a resume in the one that has waited longest."""
            number = next(order)
            assert isinstance(sessions[number % 12].start(TURN), CallOut)
            if number >= 6:
                assert isinstance(sessions[(number - 6) % 12].resume("label"), Ended)

        _, ratio = report("turn, parked twice, 1 MB / exec in process", turn, capsys)
    assert ratio <= MOST_RATIO


def test_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with MontyInterpreter() as home:

        def start(context: str) -> None:
            with home.session(("ask",)) as session:
                assert session.start("None", {"context": context}) == Ended()

        report("session, no context / exec in process", lambda: start(""), capsys)
        report("session with 1 MB of context / exec", lambda: start(CONTEXT), capsys)

    def whole() -> None:
        with MontyInterpreter() as fresh, fresh.session(()) as session:
            assert session.run("1") == Ended(1)

    report("interpreter, its first session / exec", whole, capsys)
