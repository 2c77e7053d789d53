"""Sessions on Monty: calls out, what becomes of runs that fail, dumps, and that nothing is left behind."""

from __future__ import annotations

import importlib
import os
import signal
import sys

import pytest

from commissure.hal.errors import CommissureError, MissingExtra, UsageError
from commissure.policies.recursion.sandbox import binding
from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended, Interpreter, Refusal, SandboxLimits
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from tests.policies.recursion.sandbox.workers import children

SMALL = SandboxLimits(memory_bytes=8 * 2**20, run_s=0.2, recursion=50, output_chars=100, calls_out=3)


def of_protocol(interpreter: Interpreter) -> Interpreter:
    """The type checker's word that it is one."""
    return interpreter


def out_of(step: CallOut | Ended) -> CallOut:
    assert isinstance(step, CallOut), step
    return step


def end_of(step: CallOut | Ended) -> Ended:
    assert isinstance(step, Ended), step
    return step


def test_code_calls_out_and_goes_on() -> None:
    with MontyInterpreter() as home, of_protocol(home).session(("ask",)) as session:
        out = out_of(session.start("print('one')\nx = ask('a', kind=[1, {'b': (2,)}])\nprint(x)\nx", {"given": 3}))
        assert out == CallOut("ask", ("a",), {"kind": [1, {"b": (2,)}]}, "one\n") == session.waiting
        assert session.resume({"said": [1.5, None]}) == Ended({"said": [1.5, None]}, "one\n{'said': [1.5, None]}\n")
        assert session.waiting is None
        assert (session.variable("given"), session.variable("x")) == ((True, 3), (True, {"said": [1.5, None]}))
        assert session.variable("nothing") == session.variable("ask") == session.variable("1 + 1") == (False, None)
        refused = "line 2: RuntimeError: ask() cannot be called here"
        assert session.run("f = ask\n[f(n) for n in (1, 2)]").error == refused


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal("no more"), "RuntimeError: no more"),
        (Refusal("no more", "ValueError"), "ValueError: no more"),
        (Refusal("no more", "Budget"), "RuntimeError: Budget: no more"),
        (object(), "TypeError: what came back from ask() cannot enter: a object is no plain data"),
        ([{"a": {1, (object(),)}}], "TypeError: what came back from ask() cannot enter"),
        ("\ud800", "TypeError: what came back from ask() cannot enter"),
        (b"\x00" * (65 * 2**20), "TypeError: what came back from ask() cannot enter"),
    ],
    ids=range(7),
)
def test_a_call_that_fails_is_an_error_in_the_sandbox(refusal: object, words: str) -> None:
    with MontyInterpreter() as home, home.session(("ask",)) as session:
        out_of(session.start("try:\n  ask()\nexcept Exception as e:\n  print(f'{type(e).__name__}: {e}')"))
        assert end_of(session.resume(refusal)).printed.startswith(words)
        out_of(session.start("1\nask()"))
        ended = end_of(session.resume(refusal))
        assert ended.error.startswith(f"line 2: {words}")
        assert (ended.kind, ended.alive) == ("error", True)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("x = = 1", "syntax", "line 1: SyntaxError: "),
        ("1\ndef f():\n  yield 1", "syntax", "line 3: NotImplementedError: "),
        ("1\n2\nf(0)", "error", "line 3: ZeroDivisionError: division by zero"),
        ("1\nunknown(2)", "error", "line 2: NameError: name 'unknown' is not defined"),
        ("import heapq", "error", "line 1: ModuleNotFoundError: No module named 'heapq' in here; there are asyncio,"),
        ("open('x')", "refused", "line 1: PermissionError: open: there are no files, no network and no environment"),
        ("while True: pass", "time", "TimeoutError: the run took longer than it may (do less in one run); what this"),
        ("while True: print(1)", "output", "TimeoutError: "),
        ("'a' * 10**9", "memory", "line 1: MemoryError: more than the 8388608 bytes that there are"),
        ("def g(): g()\ng()", "recursion", "line 1: RecursionError: "),
    ],
)
def test_a_failure_has_its_kind_and_words(code: str, kind: str, words: str) -> None:
    with MontyInterpreter() as home, home.session((), SMALL) as session:
        assert session.run("def f(x):\n  return 1 / x\nkept = [1]") == Ended()
        ended = session.run(code)
        assert (ended.kind, ended.alive) == (kind, True)
        assert ended.error.startswith(words), ended.error
        assert session.run("kept") == Ended([1])
        again = session.run(code)
        assert (again.error, again.kind) == (ended.error, kind)


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "while True: big += [1] * 1000",
        "n = 0\nwhile True: n, big = n + 1, [big, n]",
        "big = 'x' * 7 * 2**20",
        "x = 7\nwhile True: x *= x",
    ],
)
def test_a_run_that_is_cut_off_is_undone(code: str) -> None:
    with MontyInterpreter() as home, home.session((), SMALL) as session:
        assert session.run("big = []") == Ended()
        ended = session.run(f"big.append(1)\nnew = 2\n{code}")
        assert ended.error.endswith("what this run had set is lost, all variables are as they were before it")
        assert (session.variable("big"), session.variable("new")) == ((True, []), (False, None))


def test_a_mistake_keeps_what_the_run_had_set() -> None:
    with MontyInterpreter() as home, home.session((), SMALL) as session:
        assert session.run("x = 5\n1 / 0").kind == "error"
        assert session.run("y = 6\n'a' * 10**9").kind == "memory"
        assert session.run("(x, y)") == Ended((5, 6))


def test_the_limits_of_time_and_calls_hold_over_calls_out_and_parking() -> None:
    code = "for i in range(1000):\n  for j in range(10**6): pass\n  ask(i)"
    with MontyInterpreter(1) as home, home.session(("ask",), SandboxLimits(run_s=0.2)) as session:
        step, turns = session.start(code), 0
        while isinstance(step, CallOut):
            session.park()
            step, turns = session.resume(None), turns + 1
        assert (step.kind, 0 < turns < 500) == ("time", True)
    with MontyInterpreter(1) as home, home.session(("ask",), SMALL) as session:
        for _ in range(2):
            out_of(session.start("ask()"))
            session.resume(1)
        loop = "n = 0\nwhile True:\n  try:\n    ask()\n    n += 1\n  except Exception as e:\n    print(e)\n    break"
        out_of(session.start(loop))
        assert end_of(session.resume(1)).printed == "no more than 3 calls out are allowed\n"
        assert session.variable("n") == (True, 1)


def test_output_is_cut_and_says_by_how_much() -> None:
    with MontyInterpreter() as home, home.session((), SMALL) as session:
        assert session.run("print('x' * 250)").printed == "x" * 100 + "\n[151 characters more were cut]\n"
        assert session.run("print('y')").printed == "y\n"


@pytest.mark.parametrize("waits", [True, False])
def test_a_dump_goes_on_in_another_interpreter(waits: bool) -> None:
    with MontyInterpreter() as home, home.session(("ask",), SMALL) as session:
        session.run("a = [1]\ndef double(x): return 2 * x")
        if waits:
            out_of(session.start("print('p')\na.append(ask(7))\nprint(a)"))
        state = session.dump()
    with MontyInterpreter() as home, home.load(state, ("ask",)) as session:
        assert session.limits == SMALL
        if waits:
            assert session.waiting == CallOut("ask", (7,), {}, "p\n")
            assert session.resume(8) == Ended(None, "p\n[1, 8]\n")
        assert session.run("double(a[-1])") == Ended(16 if waits else 2)
        assert session.run("while True: pass").kind == "time"
        assert session.variable("a") == (True, [1, 8] if waits else [1])
        for bad in (b"", b"other", state[:60], state[: state.index(b"\n{") + 30], state[:-10]):
            with pytest.raises(UsageError, match="dump of a sandbox"), home.load(bad, ()):
                pass


def test_the_same_code_gives_the_same_run() -> None:
    code = (
        "import random, time, datetime\n"
        "print(random.random(), time.time(), datetime.datetime.now(), time.perf_counter(), id([]), hash('a'))\n"
        "time.sleep(1000)\nprint({'b', 'a', 'c'}, object.__name__ if False else set('hello'))\n[].x"
    )
    ends = []
    for seed in (0, 0, 1):
        with MontyInterpreter(seed=seed) as home, home.session(()) as session:
            ends.append(session.run(code))
    assert ends[0] == ends[1] != ends[2]


def test_no_worker_is_left_behind() -> None:
    before = children()
    with (
        pytest.raises(KeyError),
        MontyInterpreter() as home,
        home.session(("ask",)) as first,
        home.session(()) as second,
    ):
        first.start("ask(1)")
        second.run("1")
        assert len(children() - before) == 2
        raise KeyError
    assert children() == before
    with pytest.raises(CommissureError, match="inside"), home.session(()) as late:
        late.run("1")
    with MontyInterpreter() as home, home.session(("ask",)) as session:
        out_of(session.start("ask(1)"))
        with pytest.raises(CommissureError, match="waits for ask"):
            session.start("2")
        session.close()
        with pytest.raises(CommissureError, match="closed"):
            session.start("2")
    assert children() == before


@pytest.mark.parametrize("waits", [True, False])
def test_a_worker_that_is_killed_costs_one_run(waits: bool) -> None:
    before = children()
    with MontyInterpreter(1) as home, home.session(("ask",)) as session:
        assert session.run("kept = 1") == Ended()
        if waits:
            out_of(session.start("kept = 2\nask()"))
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)
        ended = end_of(session.resume(1) if waits else session.start("kept = 2"))
        assert (ended.kind, ended.alive) == ("crash", True)
        assert session.run("kept") == Ended(1)


def test_a_worker_that_is_killed_before_it_is_parked() -> None:
    before = children()
    with MontyInterpreter(1) as home, home.session(("ask",)) as session, home.session(()) as other:
        out_of(session.start("x = 1\nask()"))
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)
        assert other.run("1") == Ended(1)
        assert end_of(session.resume(1)).kind == "crash"
        assert session.variable("x") == (False, None)


def test_what_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONTY_BIN", "/nowhere/monty")
    with pytest.raises(MissingExtra, match=r"pip install 'pydantic-monty>=1\.4,<1\.5'"), MontyInterpreter():
        pass
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pydantic-monty>=1\.4,<1\.5'"):
        importlib.reload(binding)
    with pytest.raises(UsageError, match="from 1 on, not 0"):
        MontyInterpreter(0)


def test_a_value_that_is_too_large_leaves_as_words() -> None:
    with MontyInterpreter() as home, home.session(("ask",)) as session:
        code = "x = ['lol']\nfor _ in range(40): x = [x, x]\n"
        said = "<a list that cannot leave: it holds more than 200,000 values>"
        assert end_of(session.start(code + "x")).value == said
        assert session.variable("x") == (False, None)
        assert "what was given to ask() cannot leave" in end_of(session.start("ask(x)")).error
        assert session.run("[10**5000, len, {1: {2}}, b'a']").value[2:] == [{1: {2}}, b"a"]
