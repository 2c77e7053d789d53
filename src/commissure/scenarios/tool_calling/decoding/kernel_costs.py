"""What masks add to a step on Inferentia2, by the kernel's documented costs: by design, batch and number of cores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from commissure.kernels.nki.cost.comparison import VISIBLE_US
from commissure.kernels.nki.cost.decode import decode_step
from commissure.kernels.nki.cost.designs import step_pair
from commissure.kernels.nki.cost.report import added
from commissure.kernels.nki.cost.targets import find_target
from commissure.kernels.nki.cost.workload import Workload

TARGET, MODEL = "inf2", "llama-3.1-8b"
CHIP, CLUSTER = 2, 24
"""Cores of one Inferentia2, and of the twelve of an inf2.48xlarge."""
RESIDENT, STREAMED, ALONE = "fused, masks resident in SBUF", "fused, masks streamed", "stand-alone"
FUSED = (RESIDENT, STREAMED)
DESIGNS = {RESIDENT: "fused", STREAMED: "streamed", ALONE: "standalone"}
"""By their names in kernels/nki/cost/designs.py."""


@dataclass(frozen=True, slots=True)
class KernelCosts:
    """Microseconds added to the critical path of a step, by design and batch; and a decode step's least.

    `chain_us` is from a token to its mask's row with nothing beside it.
    """

    added_us: dict[str, dict[int, float]]
    chain_us: float
    step_us: float
    step_basis: str

    def share(self, design: str, batch: int) -> float:
        """Of a decode step."""
        return self.added_us[design][batch] / self.step_us


@cache
def kernel_costs(vocabulary: int, cores: int, hidden: int = 4096, batches: tuple[int, ...] = (1, 64)) -> KernelCosts:
    """Schedule every design; takes seconds for few cores. Raises UsageError if a kernel does not fit."""
    found: dict[str, dict[int, float]] = {design: {} for design in DESIGNS}
    chain_us = 0.0
    for name, design in DESIGNS.items():
        for batch in batches:
            pair = step_pair(design, Workload(batch, vocabulary, hidden, TARGET, cores))
            us = added(pair.constrained, pair.unconstrained).us
            # What is below the schedule's rounding is nothing.
            found[name][batch] = us if abs(us) >= VISIBLE_US else 0.0
            chain_us = max(chain_us, pair.chain_us)
    step = decode_step(MODEL, find_target(TARGET), cores)
    return KernelCosts(found, chain_us, step.us, step.basis)


@cache
def standalone_us(vocabulary: int, batch: int, hidden: int = 4096) -> float:
    """What the stand-alone kernel adds on one core."""
    pair = step_pair("standalone", Workload(batch, vocabulary, hidden, TARGET))
    return added(pair.constrained, pair.unconstrained).us
