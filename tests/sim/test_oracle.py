"""The kernel against anyio: the same random programs give the same log, but for races within one instant."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings

from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime
from tests.support.programs import PROGRAMS, Interpreter
from tests.support.virtual_loop import virtual_live_runtime

PROGRAMS_TRIED, TIE_ORDERS = 2000, 400


def run(rt: Runtime, ties: bool, program: list[Any]) -> list[tuple[float, str, str]]:
    return rt.run(Interpreter(rt, ties).main, program)


def verdict(ties: bool, program: list[Any]) -> str:
    """How the two logs compare: same, same up to order within an instant, a race within an instant, or wrong."""
    ours, theirs = run(SimRuntime(), ties, program), run(virtual_live_runtime(), ties, program)
    if ours == theirs:
        return "same"
    if sorted(ours) == sorted(theirs):
        return "order within an instant"
    # A program whose outcome changes with the order of one instant's events has no single right log.
    varies = False
    for seed in range(TIE_ORDERS):
        other = sorted(run(SimRuntime(tie_seed=seed), ties, program))
        if other == sorted(theirs):
            return "race, anyio's outcome among ours"
        varies |= other != sorted(ours)
    return "race, other outcome" if varies else "wrong"


def test_random_programs_give_the_same_log_as_anyio(record_property: Callable[[str, object], None]) -> None:
    counts: Counter[str] = Counter()
    wrong: list[Any] = []

    @settings(max_examples=PROGRAMS_TRIED, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(PROGRAMS)
    def compare(case: tuple[bool, list[Any]]) -> None:
        outcome = verdict(*case)
        counts[outcome] += 1
        if outcome == "wrong":
            wrong.append(case)

    compare()
    record_property("kernel against anyio", dict(counts))
    assert not wrong, repr(min(wrong, key=lambda case: len(repr(case))))
    assert counts.total() >= 0.9 * PROGRAMS_TRIED
    assert counts["same"] >= 0.95 * counts.total()
