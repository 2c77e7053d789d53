"""Any number of sessions wait at once on few workers, and come to what they come to alone."""

from __future__ import annotations

from contextlib import ExitStack
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from tests.policies.recursion.sandbox.workers import children

CODE = """
import random
seen = [{number}]
def add(x, to=seen):
    to.append(x + random.randint(0, 9))
    print('added', x)
    return to
for step in range({calls}):
    add(ask({number}, step, last=seen[-1]))
{end}
"""
ENDS = ("sum(seen)", "1 / 0", "x = 'a' * 10**10", "unknown", "add")


def program(number: int) -> str:
    return CODE.format(number=number, calls=number % 4, end=ENDS[number % len(ENDS)])


def answer(out: CallOut) -> int:
    number, step = out.args
    return int(7 * number + step + out.kwargs["last"])


def alone(home: MontyInterpreter, number: int) -> tuple[Ended, tuple[bool, object]]:
    with home.session(("ask",)) as session:
        step = session.start(program(number))
        while isinstance(step, CallOut):
            step = session.resume(answer(step))
        return step, session.variable("seen")


@pytest.mark.parametrize("workers", [1, 2])
@settings(max_examples=2, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_200_sessions_on_few_workers(workers: int, order: Random) -> None:
    before = children()
    with MontyInterpreter(workers) as home, ExitStack() as open_sessions:
        expected = [alone(home, number) for number in range(20)]
        sessions = [open_sessions.enter_context(home.session(("ask",))) for _ in range(200)]
        steps: dict[int, CallOut | Ended | None] = dict.fromkeys(range(200))
        ended = {}
        while steps:
            chosen = order.choice(sorted(steps))
            step = steps.pop(chosen)
            if isinstance(step, CallOut):
                step = sessions[chosen].resume(answer(step))
            else:
                step = sessions[chosen].start(program(chosen % 20))
            if isinstance(step, Ended):
                ended[chosen] = step
            else:
                steps[chosen] = step
        assert len(children() - before) <= workers
        for number, end in ended.items():
            assert (end, sessions[number].variable("seen")) == expected[number % 20]


def test_nested_sessions_on_one_worker() -> None:
    """As recursion nests them: each waits for the one below."""

    def depth(home: MontyInterpreter, left: int) -> int:
        with home.session(("recurse",)) as session:
            step = session.start("1 + recurse(left - 1) if left else 0", {"left": left})
            while isinstance(step, CallOut):
                step = session.resume(depth(home, step.args[0]))
            assert isinstance(step.value, int), step
            return step.value

    with MontyInterpreter(1) as home:
        assert depth(home, 60) == 60
