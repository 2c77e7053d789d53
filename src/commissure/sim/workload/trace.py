"""A trace: the calls of a workload as columns, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Trace:
    """Calls in order of arrival.

    `arrival_s` counts from the first call. `hashes` names the leading blocks of each prompt, `unit_tokens` tokens
    each, flat: those of call i are hashes[offsets[i]:offsets[i + 1]]; equal names mean equal prefixes. `lines` is
    where each call stands in the file, `skipped` how many of its lines could not be used.
    """

    name: str
    arrival_s: Floats
    input_tokens: Ints
    output_tokens: Ints
    unit_tokens: int = 512
    hashes: Ints = field(default_factory=_none)
    offsets: Ints = field(default_factory=_none)
    lines: Ints = field(default_factory=_none)
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.arrival_s)

    def head(self, limit: int) -> Trace:
        """The first calls."""
        return Trace(
            self.name,
            self.arrival_s[:limit],
            self.input_tokens[:limit],
            self.output_tokens[:limit],
            self.unit_tokens,
            self.hashes,
            self.offsets[: limit + 1],
            self.lines[:limit],
            self.skipped,
        )

    def without(self, calls: Ints) -> Trace:
        """Leave out calls, by number, and count them as skipped."""
        kept = np.setdiff1d(np.arange(len(self)), calls)
        prefixes = self.prefixes()
        return make_trace(
            self.name,
            self.arrival_s[kept].tolist(),
            self.input_tokens[kept].tolist(),
            self.output_tokens[kept].tolist(),
            prefixes=[prefixes[number] for number in kept.tolist()],
            unit_tokens=self.unit_tokens,
            lines=self.lines[kept].tolist() if len(self.lines) else (),
            skipped=self.skipped + len(self) - len(kept),
        )

    def prefixes(self) -> list[Sequence[int]]:
        """The hashes of each call as Python numbers."""
        if not len(self.offsets):
            return [()] * len(self)
        flat, bounds = self.hashes.tolist(), self.offsets.tolist()
        return [tuple(flat[begin:end]) for begin, end in pairwise(bounds)]


def make_trace(
    name: str,
    arrival_s: Sequence[float],
    input_tokens: Sequence[int],
    output_tokens: Sequence[int],
    *,
    prefixes: Sequence[Sequence[int]] = (),
    unit_tokens: int = 512,
    lines: Sequence[int] = (),
    skipped: int = 0,
) -> Trace:
    """A trace from plain lists; arrivals are shifted so that the first is at 0 s."""
    arrivals = np.asarray(arrival_s, np.float64)
    flat = [unit for prefix in prefixes for unit in prefix]
    return Trace(
        name,
        arrivals - arrivals[0] if len(arrivals) else arrivals,
        np.asarray(input_tokens, np.int64),
        np.asarray(output_tokens, np.int64),
        unit_tokens,
        np.asarray(flat, np.int64),
        np.asarray([0, *accumulate(map(len, prefixes))] if flat else [], np.int64),
        np.asarray(lines, np.int64),
        skipped,
    )
