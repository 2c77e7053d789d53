"""What masking the logits of a batch costs a decode step: on a NeuronCore by the cost model, on a CPU as measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from statistics import median

import numpy as np

VOCABULARY = 128_256
"""Tokens of Llama 3's vocabulary."""


@dataclass(frozen=True, slots=True)
class MaskCurve:
    """Seconds of masking so many sequences of one step: `fixed_s` once and `sequence_s` for each.

    `samples` are the batches and seconds that it was drawn through, `basis` says what they are.
    """

    fixed_s: float
    sequence_s: float
    vocabulary: int
    samples: tuple[tuple[int, float], ...]
    basis: str
    as_of: date

    def seconds(self, batch: int) -> float:
        """Seconds for a batch of that size."""
        return self.fixed_s + batch * self.sequence_s if batch else 0.0


def fitted(samples: Sequence[tuple[int, float]], vocabulary: int, basis: str, as_of: date) -> MaskCurve:
    """The line through measured batches that is off by least in parts of each, its ends not below 0."""
    batches = np.array([batch for batch, _ in samples], float)
    seconds = np.array([time_s for _, time_s in samples])
    columns = np.stack([1 / seconds, batches / seconds], axis=1)
    fixed_s, sequence_s = np.linalg.lstsq(columns, np.ones(len(samples)), rcond=None)[0]
    if fixed_s < 0:
        shares = batches / seconds
        fixed_s, sequence_s = 0.0, shares.sum() / (shares * shares).sum()
    return MaskCurve(float(fixed_s), float(sequence_s), vocabulary, tuple(samples), basis, as_of)


def measure_cpu_mask(
    clock: Callable[[], float], machine: str, as_of: date, *, vocabulary: int = VOCABULARY,
    batches: Sequence[int] = (1, 2, 4, 8, 16, 32, 64), rounds: int = 15, masks: int = 200,
) -> MaskCurve:  # fmt: skip
    """Time a step's masking here: one row of a packed table for each sequence, unpacked and written over its logits.

    One thread of numpy, the median of `rounds`, in which all batches take turns. `clock` gives seconds, as
    time.perf_counter does; `machine` says where this was, in the record.
    """
    step = _Masking(vocabulary, max(batches), masks)
    found: dict[int, list[float]] = {batch: [] for batch in batches}
    for number in range(rounds + 1):
        for batch in batches:
            before = clock()
            step.apply(batch, number)
            # The first round touches memory for the first time.
            if number:
                found[batch].append(clock() - before)
    samples = [(batch, median(times)) for batch, times in found.items()]
    basis = (
        f"measured on {machine}: numpy {np.__version__}, one thread, medians of {rounds}; packed rows, float32 logits"
    )
    return fitted(samples, vocabulary, basis, as_of)


class _Masking:
    """Selection and application of masks as a serving process would do them for a batch of logits."""

    def __init__(self, vocabulary: int, most: int, masks: int) -> None:
        # As under a JSON grammar: two masks of five, inside strings, forbid few tokens, the others allow few.
        tokens, numbers = np.arange(vocabulary), np.arange(masks)[:, None]
        rare = (tokens + numbers * 7919) % 101 == 0
        forbidden = rare ^ (numbers % 5 >= 2)
        self._table = np.packbits(forbidden, axis=1)
        self._row_of = (np.arange(4 * masks) * 13) % masks
        self._logits = np.zeros((most, vocabulary), np.float32)
        self._vocabulary = vocabulary

    def apply(self, batch: int, number: int) -> None:
        states = (np.arange(batch) * 31 + number * 17) % len(self._row_of)
        rows = self._table[self._row_of[states]]
        forbidden = np.unpackbits(rows, axis=1, count=self._vocabulary).view(bool)
        np.copyto(self._logits[:batch], np.float32(-np.inf), where=forbidden)


@cache
def cpu_mask() -> MaskCurve:
    """What `measure_cpu_mask` found on one machine: measure your own where another matters."""
    seconds = (70.1e-6, 80.2e-6, 156.9e-6, 332.7e-6, 649.5e-6, 1289.8e-6, 2586.6e-6)
    basis = (
        "measured by measure_cpu_mask on a 2-core virtual machine (AMD EPYC): one thread of numpy 2, medians of 15, "
        "packed rows over float32 logits"
    )
    samples = tuple(zip((1, 2, 4, 8, 16, 32, 64), seconds, strict=True))
    return fitted(samples, VOCABULARY, basis, date(2026, 11, 22))


def cpu_mask_s(batch: int) -> float:
    """Seconds of masking a batch on a CPU, one thread, as measured on one machine (see cpu_mask)."""
    return cpu_mask().seconds(batch)


@cache
def neuron_mask(target: str = "inf2", cores: int = 1, vocabulary: int = VOCABULARY, hidden: int = 4096) -> MaskCurve:
    """What the fused kernel's masks add to a step on the critical path: a line through batches 1 and 64.

    `cores` share the vocabulary. The table of masks streams past in each step, since an engine's steps are launches of
    their own and nothing is documented to stay in SBUF between them. Takes seconds at first. Raises UsageError.
    """
    from commissure.kernels.nki.cost.designs import step_pair
    from commissure.kernels.nki.cost.report import LABEL, added
    from commissure.kernels.nki.cost.workload import Workload

    found = []
    for batch in (1, 64):
        pair = step_pair("streamed", Workload(batch, vocabulary, hidden, target, cores))
        found.append((batch, max(0.0, added(pair.constrained, pair.unconstrained).us) / 1e6))
    (least, first_s), (most, last_s) = found
    sequence_s = max(0.0, (last_s - first_s) / (most - least))
    basis = f"{LABEL} of the fused kernel on {cores} x {target}, masks streamed from HBM"
    return MaskCurve(first_s - sequence_s * least, sequence_s, vocabulary, tuple(found), basis, date(2026, 11, 22))


def neuron_mask_s(batch: int, target: str = "inf2", cores: int = 1) -> float:
    """Seconds that masking a batch adds to a step on NeuronCores: a documented-cost estimate (see neuron_mask)."""
    return neuron_mask(target, cores).seconds(batch)
