"""The search for a counter-example: any property over any strategy, shrunk, and never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import hypothesis
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from commissure.policies.testing.broken import Broken

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """How many examples could be judged; the counter-example and what it broke, if there is one."""

    judged: int
    example: T | None = None
    broken: Broken | None = None


def search(
    strategy: SearchStrategy[T],
    holds: Callable[[T], None],
    *,
    examples: int,
    seed: int,
    simpler: Callable[[T], Iterable[T]] | None = None,
    passes_over: tuple[type[Broken], ...] = (),
) -> Found[T]:
    """Try a property on so many examples; the same seed tries the same ones.

    `holds` raises Broken where the property does not hold. `simpler` gives examples that are each simpler than one:
    the counter-example shrinks by them, which knows more than hypothesis, and is faster; without it hypothesis shrinks.
    What another property is to tell of is passed over.
    """
    judged, failures = 0, list[tuple[T, Broken]]()

    def judge(example: T) -> None:
        nonlocal judged
        try:
            holds(example)
        except passes_over:
            return
        except Broken as broken:
            judged += 1
            failures.append((example, broken))
            raise
        judged += 1

    phases = [hypothesis.Phase.generate] + ([] if simpler else [hypothesis.Phase.shrink])
    settings = hypothesis.settings(
        max_examples=examples, deadline=None, database=None, derandomize=False, report_multiple_bugs=False,
        phases=phases, suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip
    try:
        hypothesis.seed(seed)(settings(hypothesis.given(strategy)(judge)))()
    except (Broken, Flaky):
        # The last to fail is the smallest; where a property fails by chance only, the last that did.
        return Found(judged, *_simplest(*failures[-1], holds, simpler or (lambda example: ()), passes_over))
    return Found(judged)


def _simplest(
    example: T,
    broken: Broken,
    holds: Callable[[T], None],
    simpler: Callable[[T], Iterable[T]],
    passes_over: tuple[type[Broken], ...],
) -> tuple[T, Broken]:
    """The first simpler one that breaks the property, too, and so on until none does."""
    while True:
        for one in simpler(example):
            try:
                holds(one)
            except passes_over:
                continue
            except Broken as also:
                example, broken = one, also
                break
        else:
            return example, broken
