"""Whatever models say, and whatever fails: an answer of a known kind, within its limits, and never an exception."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.fleets.fault import Fault
from commissure.policies.recursion.ask import FailureKind, Limits
from commissure.policies.recursion.sandbox.interpreter import SandboxLimits
from tests.policies.recursion.repl.scripts import READY, done, root_and_leaf

SNIPPETS = (
    "print(context[:50])", "x = 1", "x += 1\nprint(x)", "1 / 0", "x = =", "import numpy", "result = 5", READY,
    "answer['content'] = [1, 'a']", "answer = None", "answer['ready'] = True", "answer = {'content': answer}",
    "result = ask_all(['a', 'b', '', context])\nprint(result)", "result = ask_all(['a', 'b'])",
    "try:\n    result = ask('a')\nexcept RuntimeError as error:\n    result = str(error)\n    print(result)",
    "result = recurse_all('q', [context[:100], 'b'])", "result = recurse('q', context)", "print(failures())",
    "for n in range(5):\n    ask(str(n))", "context = 5", "ask = 3", "raise ValueError('x')", "x = 'a' * 10**10",
    "answer['content'] = answer", "print('y' * 30000)", "print(ask, recurse)",
    "def f(): return ask('in f')\nprint(f())", "print([ask(one) for one in 'ab'])", "class ask:\n    pass",
    "answer['content'] = float('nan')",
)  # fmt: skip
BLOCKS = st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=4).map("\n".join)
GARBAGE = st.text(st.characters(exclude_categories=()), max_size=40)
IN_WORDS = ("raw:FINAL(5)", "raw:```", "raw:```python\nx = 1", "raw:```json\n{}\n```", "raw:</think>")
ANSWERED = BLOCKS.map(lambda code: f"{code}\nresult = 'built'\n{READY}")
# A turn that works is drawn more often than one that does not: else hardly a script gets beyond its first mistakes.
SAID = st.sampled_from([BLOCKS] * 4 + [ANSWERED, st.sampled_from(IN_WORDS), GARBAGE, GARBAGE.map("raw:{}".format)])
SCRIPTS = st.lists(SAID.flatmap(lambda turn: turn), min_size=1, max_size=6)
LIMITS = st.builds(
    Limits, calls=st.sampled_from([100, 8, 2]), tokens=st.sampled_from([10**7, 50_000]),
    wall_s=st.sampled_from([1e4, 60.0, 2.5]), depth=st.integers(0, 3), fan_out=st.integers(1, 4),
)  # fmt: skip
CONTEXTS = st.sampled_from(["some words\n" * 300] * 8 + ["a", "", "\0"])
FAULTS = st.lists(
    st.builds(Fault, endpoint=st.sampled_from(["root", "leaf"]), kind=st.sampled_from(["fail", "lose"]),
              rate=st.sampled_from([0.2, 1.0])), max_size=1)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(SCRIPTS, LIMITS, CONTEXTS, FAULTS, st.integers(0, 5))
def test_it_always_ends_in_a_typed_answer(
    said: list[str], limits: Limits, context: str, faults: list[Fault], seed: int
) -> None:
    found = done(
        said, context, limits=limits, fleet=root_and_leaf(*faults), seed=seed, turns=6,
        sandbox=SandboxLimits(run_s=0.1, memory_bytes=2**24, calls_out=50),
    )  # fmt: skip
    answer = found.answer
    assert answer.complete or answer.failures
    assert {one.kind for one in answer.failures} <= set(get_args(FailureKind))
    assert answer.strategy == "free_code"
    assert answer.used.calls <= limits.calls
    assert answer.used.tokens <= limits.tokens
    assert answer.wall_s <= limits.wall_s
    # An attempt that was certainly not billed is not counted.
    assert len(found.run.calls) <= answer.used.calls <= len(found.run.calls) + len(found.run.failures)
    assert answer.used.usd == pytest.approx(found.run.cost_usd)
    ids = {step.id for step in found.steps}
    assert len(ids) == len(found.steps)
    assert {step.parent for step in found.steps} <= ids | {None}
    assert max((step.depth for step in found.steps), default=0) <= limits.depth + 1
