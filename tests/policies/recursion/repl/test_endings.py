"""However a model that writes code ends, it is a typed answer, with what was built and what it took."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

import commissure as cm
from commissure.policies.recursion.ask import Limits
from commissure.policies.recursion.repl.wording import NO_CODE, REPEATED, UNBUILT
from commissure.policies.recursion.sandbox.interpreter import Ended, SandboxLimits
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from commissure.policies.recursion.strategies import free_code
from tests.policies.recursion.repl.scripts import READY, TEXT, Done, done, root_and_leaf

QUICK = SandboxLimits(run_s=0.05)
BUILT = 'answer["content"] = "about 200"'
ASKS = "try:\n    ask('how many?')\nexcept RuntimeError:\n    pass"


def test_the_root_sees_metadata_and_what_it_prints_and_its_code_builds_the_answer() -> None:
    found = done(["print(context[-20:])", f"result = context.count('red')\n{READY}"])
    assert (found.answer.text, found.answer.value, found.answer.complete) == ("200", 200, True)
    first, second = found.script.calls
    assert f"{len(TEXT):,} characters" in first.prompt
    assert "300 lines" in first.prompt
    assert "row 0 is blue" in first.prompt
    assert TEXT[-20:] not in first.prompt
    assert TEXT[-20:] in second.prompt
    assert max(len(call.prompt) for call in found.script.calls) < len(TEXT) / 2


@pytest.mark.parametrize(
    ("turn", "kind", "problem"),
    [
        ("raw:I think that there are 200.", "no code", "no block of code"),
        ("raw:", "no code", "no block of code"),
        ("raw:FINAL(200)", "unbuilt", "in words"),
        ("raw:Done.\n**Final answer:** 200", "unbuilt", "in words"),
        ("x = = 1", "bad code", "SyntaxError"),
        ("print(contxt)", "bad code", "NameError"),
        ("import numpy", "bad code", "numpy"),
        ("def f():\n    yield 1", "bad code", "yield"),
        ("open('/etc/passwd')", "bad code", "Permission"),
        ("raise SystemExit(1)", "bad code", ""),
        ('answer["ready"] = True', "unbuilt", "built none"),
        ('answer = {"ready": True}', "unbuilt", "built none"),
        ('answer = {"content": "", "ready": True}', "unbuilt", "built none"),
        ('answer = {"content": True, "ready": True}', "unbuilt", "built none"),
        ('answer = {"content": {1, 2}, "ready": True}', "unbuilt", "built none"),
        ('answer = {"content": 200, "ready": "almost"}', "unbuilt", "built none"),
        ("answer = 200", "unbuilt", "built none"),
        ("print(1)", "loop", "same code"),
        ("x = 'a' * 10**10", "sandbox", "emory"),
        ("def f(n): return f(n + 1)\nf(0)", "sandbox", "ecursion"),
        ("while True: pass", "sandbox", ""),
    ],
)  # fmt: skip
def test_mistakes_end_it_when_patience_is_out(turn: str, kind: str, problem: str) -> None:
    found = done([turn], patience=2, sandbox=QUICK)
    assert found.kinds == [kind]
    assert problem in found.answer.failures[0].problem
    assert not found.answer.complete
    # The first time that something is printed is no repetition.
    asked = 3 if kind == "loop" else 2
    assert len(found.script.calls) == asked == found.answer.used.calls
    assert found.answer.used.usd > 0
    assert found.answer.failures[0].step in {one.id for one in found.steps if one.kind == "run"}


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ("raw:200", NO_CODE), ("raw:FINAL_VAR(x)", UNBUILT), ("answer = 1", UNBUILT), ("print(1)", REPEATED),
        ("1 / 0", "It failed: line 1: ZeroDivisionError"),
        ("while True: pass", "It failed: "),
    ],
)  # fmt: skip
def test_a_model_is_told_of_its_mistake_and_may_put_it_right(turn: str, told: str) -> None:
    found = done(["x = 7", turn, turn, f"result = len(context)\n{READY}"], sandbox=QUICK)
    assert found.answer.text == str(len(TEXT))
    assert not found.answer.failures
    assert told in found.script.calls[-1].prompt


def test_variables_outlive_an_error() -> None:
    found = done(["kept = 7\n1 / 0", f"result = kept\n{READY}"])
    assert (found.answer.text, found.kinds) == ("7", [])


def test_code_that_was_cut_off_does_not_run() -> None:
    found = done(["raw:```python\nanswer = {'content': 'half', 'ready': True}\nnext"], patience=2)
    assert (found.kinds, found.answer.text) == (["bad code"], "")
    assert "cut off" in found.answer.failures[0].problem


def test_turns_come_to_an_end() -> None:
    found = done(lambda call, turn: f"{BUILT}\nprint({turn})", turns=4)
    assert (found.kinds, found.answer.text, len(found.script.calls)) == (["loop"], "about 200", 4)
    claims = done(lambda call, turn: f"answer = {{'ready': 'yes'}}\nprint({turn})", turns=2)
    assert claims.kinds == ["unbuilt"]


@pytest.mark.parametrize("context", ["", " \n", "\0\1\2" * 9, "a\ud800b"])
def test_a_context_that_is_no_text_is_not_asked_about(context: str) -> None:
    found = done(["print(1)"], context)
    assert (found.kinds, found.answer.used.calls, found.answer.text) == (["context"], 0, "")


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (Limits(calls=3), "budget"), (Limits(tokens=9000), "budget"), (Limits(usd=0.009), "budget"),
        (Limits(wall_s=12.5), "wall"), (Limits(wall_s=5.0), "wall"),
    ],
)  # fmt: skip
def test_what_was_built_before_the_budget_went_is_reported_with_its_cost(limits: Limits, kind: str) -> None:
    found = done(lambda call, turn: f"{BUILT}\n{ASKS}\nprint({turn})", limits=limits)
    assert found.answer.text == "about 200"
    assert not found.answer.complete
    assert set(found.kinds) == {kind}
    _within(found, limits)


def test_the_budget_of_the_run_counts_too() -> None:
    found = done(["ask('how many?')"], budget=cm.Budget(calls=1))
    assert found.kinds[0] == "budget"
    assert found.answer.used.calls == 1


def _within(found: Done, limits: Limits) -> None:
    used = found.answer.used
    assert 0 < used.calls <= limits.calls
    assert used.usd <= limits.usd
    assert used.tokens <= limits.tokens
    assert found.answer.wall_s <= (limits.wall_s if math.isfinite(limits.wall_s) else math.inf)


def test_a_history_that_outgrows_the_window_ends_with_what_there_is() -> None:
    found = done(lambda call, turn: f"{BUILT}\nprint('{turn} ' * 2000)", fleet=root_and_leaf(room=9000))
    assert found.kinds == ["room"]
    assert found.answer.text == "about 200"
    assert len(found.script.calls) > 1


class Mortal:
    """A session that crashes at code that says so, and is a new one after it; unless `buried`."""

    def __init__(self, fresh: Callable[[], Any], *, buried: bool) -> None:
        self._fresh, self._session, self._buried, self._dead = fresh, fresh(), buried, False

    def start(self, code: str, inputs: Any = None) -> Any:
        if "crash" in code or (self._dead and self._buried):
            self._dead = True
            return Ended(None, "", "it crashed", "crash", alive=False)
        if self._dead:
            self._session, self._dead = self._fresh(), False
        return self._session.start(code, inputs)

    def resume(self, value: Any) -> Any:
        return self._session.resume(value)

    def variable(self, name: str) -> Any:
        return self._session.variable(name)


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    class Sandboxes(MontyInterpreter):
        @contextmanager
        def session(self, *given: Any, **more: Any) -> Iterator[Any]:
            with ExitStack() as stack:
                one = super().session
                yield Mortal(lambda: stack.enter_context(one(*given, **more)), buried=request.param)

    monkeypatch.setattr(free_code, "MontyInterpreter", Sandboxes)


@pytest.mark.usefixtures("mortal")
@pytest.mark.parametrize("mortal", [False], indirect=True)
def test_a_sandbox_that_crashed_is_started_anew_and_the_model_is_told() -> None:
    found = done([f"kept = 7\n{BUILT}", "crash", "print(kept)", f"result = len(context)\n{READY}"])
    assert (found.answer.text, found.kinds) == (str(len(TEXT)), [])
    assert "all variables but `context` are lost" in found.script.calls[2].prompt
    assert "NameError" in found.script.calls[3].prompt


@pytest.mark.usefixtures("mortal")
@pytest.mark.parametrize("mortal", [False, True], indirect=True)
def test_a_dead_sandbox_does_not_take_what_was_built() -> None:
    """Whether it crashes again and again, or there is no other to be had."""
    found = done([BUILT, "crash"], patience=2)
    assert (found.kinds, found.answer.text, found.answer.complete) == (["sandbox"], "about 200", False)
