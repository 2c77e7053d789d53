"""Attacks: each is refused within its limits, the host is unharmed, and the interpreter serves the next session."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended, SandboxLimits
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from tests.policies.recursion.sandbox.attacks import ALL, Attack
from tests.policies.recursion.sandbox.workers import children

SECRET = "canary-7f3a9"
LIMITS = SandboxLimits(memory_bytes=8 * 2**20, run_s=0.1, recursion=50, output_chars=300, calls_out=20)
# Beyond its limit of time a run is killed, but the machine may be busy.
MOST_S = 10


@pytest.fixture(scope="module")
def others() -> set[int]:
    """Child processes of earlier tests."""
    return children()


@pytest.fixture(scope="module")
def interpreter(others: set[int]) -> Iterator[MontyInterpreter]:
    with MontyInterpreter(2) as interpreter:
        yield interpreter


def outcome(interpreter: MontyInterpreter, attack: Attack, canary: Path) -> tuple[Ended, str]:
    """How the run ended, and all that came out of the sandbox."""
    seen = []
    with interpreter.session(("ask",), LIMITS) as session:
        assert session.run("kept = 'before'").kind is None
        step = session.start(attack.code, {"CANARY": str(canary)})
        while isinstance(step, CallOut):
            seen.append(repr(step))
            step = session.resume("answer")
        seen.append(repr(step))
        assert session.variable("kept") == (step.alive, "before" if step.alive else None), step
    return step, "".join(seen)


@pytest.mark.parametrize("name", ALL)
def test_an_attack_gets_nothing(
    name: str,
    interpreter: MontyInterpreter,
    others: set[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text(SECRET)
    monkeypatch.setenv("COMMISSURE_CANARY", SECRET)
    before = dict(os.environ), Path.cwd(), sorted(tmp_path.iterdir())
    peak_kb, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, perf_counter()
    ended, seen = outcome(interpreter, ALL[name], canary)
    assert SECRET not in seen
    assert perf_counter() - began < MOST_S
    assert len(ended.printed) < 2 * LIMITS.output_chars
    assert len(ended.error) < 2000
    assert len(seen) < 400_000
    if ALL[name].kinds:
        assert ended.kind in ALL[name].kinds, ended
        assert ended.error
    assert (dict(os.environ), Path.cwd(), sorted(tmp_path.iterdir())) == before
    assert canary.read_text() == SECRET
    assert capsys.readouterr().out == ""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_kb < 150 * 1024
    assert len(children() - others) <= 2
    with interpreter.session(()) as other:
        assert other.run("1 + 1") == Ended(2)


def test_workers_have_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMISSURE_CANARY", SECRET)
    before = children()
    with MontyInterpreter(2) as fresh, fresh.session(()) as session, fresh.session(()) as other:
        assert session.run("1") == other.run("1")
        workers = children() - before
        assert len(workers) == 2
        for worker in workers:
            assert SECRET.encode() not in Path(f"/proc/{worker}/environ").read_bytes()
