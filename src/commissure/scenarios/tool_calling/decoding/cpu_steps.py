"""A step of constrained decoding on this machine's processor: measured, in the parts that are called its cost."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import MissingExtra
from commissure.kernels.grammar import Budget, Grammars
from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.runtime.apply import apply_rows
from commissure.kernels.grammar.tables.rows import unpacked
from commissure.scenarios.tool_calling.decoding.forced import grammar_of, speller_of, vocabulary_of
from commissure.scenarios.tool_calling.decoding.tasks import TASKS

SELECTION, APPLICATION, WHOLE, LEAST = "selection", "application", "whole step", "whole step, least forms"
PARTS = (SELECTION, APPLICATION, WHOLE, LEAST)
"""Selection: states advanced, row numbers, packed rows copied. Application: rows unpacked, -inf written over all logits
that they refuse. The whole step is both; in least forms it touches few tokens where few are allowed, or few refused."""
VOCABULARIES = ("llama3", "smollm2")
ROUNDS, WARM = 31, 2


@dataclass(frozen=True, slots=True)
class CpuSteps:
    """Medians in seconds, by part and batch; one thread."""

    seconds: dict[str, dict[int, float]]
    vocabulary: str
    tokens: int
    machine: str

    def growth(self, part: str) -> float:
        """From the smallest batch to the largest."""
        found = self.seconds[part]
        return found[max(found)] / found[min(found)]


def installed(names: Sequence[str] = VOCABULARIES) -> str | None:
    """The first of these vocabularies that is installed."""
    for name in names:
        try:
            vocabulary_of(name)
        except MissingExtra:
            continue
        return name
    return None


@cache
def cpu_steps(vocabulary: str, width: int, batches: tuple[int, ...] = (1, 8, 64), rounds: int = ROUNDS) -> CpuSteps:
    """Measure the invoice's grammar at places of its right answer, all batches and parts in turn: about a second.

    The vocabulary is padded to `width` tokens, as a model's logits may be. Raises VocabularyError if it is wider.
    """
    meter = Meter(Budget(seconds=float("inf")))
    grammars, tokens = _invoice(vocabulary, width)
    works = {batch: _work(grammars, tokens, batch) for batch in batches}
    times: dict[str, dict[int, list[float]]] = {part: {batch: [] for batch in batches} for part in PARTS}
    for number in range(rounds + WARM):
        for batch, work in works.items():
            for part, step in work.items():
                before = meter.seconds
                step()
                if number >= WARM:
                    times[part][batch].append(meter.seconds - before)
    seconds = {part: {batch: median(those) for batch, those in found.items()} for part, found in times.items()}
    machine = f"this machine ({platform.machine()}, {platform.system()}), one thread of numpy {np.__version__}"
    return CpuSteps(seconds, vocabulary, width, machine)


def _invoice(vocabulary: str, width: int) -> tuple[Grammars, NDArray[np.int64]]:
    """The invoice's tables, and its right answer in tokens."""
    task = next(one for one in TASKS if one.schema == "invoice")
    known = vocabulary_of(vocabulary)
    tables = grammar_of(task.schema, "none").tables(known.padded(width))
    return Grammars.of([tables]), np.array(speller_of(vocabulary).spelt(known, task.text("none").encode()))


def _work(grammars: Grammars, tokens: NDArray[np.int64], batch: int) -> dict[str, Callable[[], None]]:
    """What each part does to a batch whose sequences are spread over one answer."""
    states, counts = _places(grammars, tokens)
    at = (np.arange(batch) * 31) % len(tokens)
    states, counts, taken = states[at], counts[at], tokens[at]
    masks = grammars.masks
    logits = np.zeros((batch, masks.size), np.float32)
    out = np.empty((batch, masks.packed.shape[1]), np.uint32)
    rows = grammars.rows(states, counts)

    def select() -> None:
        grammars.fill(grammars.rows(*grammars.advance(states, counts, taken)), out)

    def apply() -> None:
        np.copyto(logits, -np.inf, where=unpacked(~out, masks.size))

    def whole() -> None:
        select()
        apply()

    def least() -> None:
        apply_rows(masks, grammars.rows(*grammars.advance(states, counts, taken)), logits)

    grammars.fill(rows, out)
    return {SELECTION: select, APPLICATION: apply, WHOLE: whole, LEAST: least}


def _places(grammars: Grammars, tokens: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The state and the count before each token of an answer."""
    state, count = np.array(grammars.starts, np.int32), np.zeros(1, np.int32)
    states, counts = [], []
    for token in tokens:
        states.append(int(state[0]))
        counts.append(int(count[0]))
        state, count = grammars.advance(state, count, np.array([token]))
    return np.array(states, np.int32), np.array(counts, np.int32)
