"""The search for a counter-example: hypothesis draws the examples, and the first that fails shrinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import hypothesis
from hypothesis.strategies import SearchStrategy

from commissure.policies.testing.broken import Broken

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """How many examples could be judged; the counter-example and what it broke, if there is one."""

    judged: int
    example: T | None = None
    broken: Broken | None = None


def drawn(strategy: SearchStrategy[T], count: int, seed: int) -> tuple[T, ...]:
    """So many examples; of the same seed the same ones.

    They are drawn before anything is asked, so that neither a policy's exceptions nor its dice get into the drawing,
    and one drawing serves many properties.
    """
    examples: list[T] = []
    settings = hypothesis.settings(
        max_examples=count, deadline=None, database=None, derandomize=False, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck), verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip
    # A function, not the list's own method: hypothesis reads the signature.
    hypothesis.seed(seed)(settings(hypothesis.given(strategy)(lambda example: examples.append(example))))()
    return tuple(examples)


def search(
    examples: Iterable[T],
    holds: Callable[[T], None],
    *,
    simpler: Callable[[T], Iterable[T]],
    passes_over: tuple[type[Broken], ...] = (),
) -> Found[T]:
    """Try a property, which raises Broken where it does not hold, on the examples up to the first that breaks it.

    `simpler` gives the examples that are a step simpler than one, of which there must be an end: the first of them that
    breaks the property, too, takes its place, and so on. (Shrinking by hypothesis took ten times as long, and left
    workflows that the failure did not need.) What another property is to tell of is passed over.
    """
    judged = 0
    for example in examples:
        try:
            holds(example)
        except passes_over:
            continue
        except Broken as broken:
            return Found(judged + 1, *_simplest(example, broken, holds, simpler, passes_over))
        judged += 1
    return Found(judged)


def _simplest(
    example: T,
    broken: Broken,
    holds: Callable[[T], None],
    simpler: Callable[[T], Iterable[T]],
    passes_over: tuple[type[Broken], ...],
) -> tuple[T, Broken]:
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
