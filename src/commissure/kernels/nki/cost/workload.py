"""What a kernel's cost is asked for: one core's part of a decode step; and what is found."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.errors import UsageError
from commissure.kernels.nki.cost.report import Step
from commissure.kernels.nki.cost.targets import find_target
from commissure.kernels.nki.executor.targets import MATMUL_MOVING
from commissure.kernels.nki.sizes import MOST_BATCH, MOST_HIDDEN, PARTITIONS

MOST_PRODUCTS = 65_536
"""Of a step: some half a minute a batch on one core (measured), and twice what Llama 3.1 405B takes."""
LEAST_COLUMNS = 8
"""Tokens of one core: the least that max8 takes."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A decode step's lm_head on one of `cores` that share the vocabulary, under one grammar for all sequences.

    147 states, 84 masks and 195 classes of tokens are medians of MaskBench's schemas (measured, 789 schemas with fewer
    than 6,000 states). Raises UsageError for what no kernel takes.
    """

    batch: int
    vocabulary: int = 128_256
    hidden: int = 4096
    target: str = "inf2"
    cores: int = 1
    states: int = 147
    masks: int = 84
    classes: int = 195

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= MOST_BATCH:
            raise UsageError(f"a batch of {self.batch} was given; 1 to {MOST_BATCH} sequences fit the partitions")
        if self.hidden < PARTITIONS or self.hidden % PARTITIONS:
            raise UsageError(f"a hidden size of {self.hidden:,} was given; it must be a multiple of {PARTITIONS}")
        if self.hidden > MOST_HIDDEN:
            raise UsageError(f"a hidden size of {self.hidden:,} was given; at most {MOST_HIDDEN:,} is taken")
        if self.cores < 1 or self.vocabulary < LEAST_COLUMNS * self.cores:
            least = LEAST_COLUMNS * max(self.cores, 1)
            raise UsageError(
                f"a vocabulary of {self.vocabulary:,} tokens on {self.cores} cores was given; "
                f"at least 1 core and {LEAST_COLUMNS} tokens a core are needed, here {least:,}"
            )
        for name, value, least in (("states", self.states, 2), ("masks", self.masks, 1), ("classes", self.classes, 1)):
            if value < least:
                raise UsageError(f"a grammar of {value} {name} was given; at least {least} are needed")
        find_target(self.target)
        if self.products > MOST_PRODUCTS:
            raise UsageError(
                f"hidden {self.hidden:,}, {self.columns:,} tokens a core and {self.masks:,} masks take "
                f"{self.products:,} matrix products a step; at most {MOST_PRODUCTS:,} are traced: give more cores "
                "(--tp), or smaller sizes"
            )

    @property
    def columns(self) -> int:
        """Tokens of one core's share of the vocabulary, the largest."""
        return -(-self.vocabulary // self.cores)

    @property
    def products(self) -> int:
        """Matrix products of one masked step of the fused kernel: what its trace grows with."""
        rows = self.hidden // PARTITIONS + -(-self.masks // PARTITIONS)
        return rows * -(-self.columns // MATMUL_MOVING)


@dataclass(frozen=True, slots=True)
class Pair:
    """A steady step with masks and one without.

    `chain_us` is how long states take from a token to the next mask, alone; `table` says where the masks are.
    """

    constrained: Step
    unconstrained: Step
    chain_us: float
    table: str
