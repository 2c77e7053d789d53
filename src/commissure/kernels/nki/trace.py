"""What a kernel did, instruction by instruction: the executor writes it, the cost model reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Engine = Literal["tensor", "vector", "scalar", "gpsimd", "dma"]
Space = Literal["hbm", "sbuf", "psum"]


@dataclass(frozen=True, slots=True)
class Operand:
    """A view of a tensor. `partitions` x `free` elements; in HBM the partitions are the first axis."""

    tensor: int
    name: str
    space: Space
    dtype: str
    partitions: int
    free: int
    low: tuple[int, int]
    """First partition, and first byte within a partition, of the box that holds the view (HBM: 0, first byte)."""
    high: tuple[int, int]
    """One past the last."""
    contiguous: bool = True

    def overlaps(self, other: Operand) -> bool:
        """Whether both may touch the same memory."""
        return self.tensor == other.tensor and all(
            self.low[axis] < other.high[axis] and other.low[axis] < self.high[axis] for axis in (0, 1)
        )


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction in program order. `facts` hold what its cost hangs on besides its operands.

    For example nc_matmul: stationary (columns), moving (columns); dma_copy: indirect; any: dynamic (an offset that is
    known only when it runs).
    """

    index: int
    op: str
    engine: Engine
    writes: tuple[Operand, ...]
    reads: tuple[Operand, ...]
    facts: dict[str, int | float | str | bool] = field(default_factory=dict)
    label: str = ""
    """The part of the kernel that it belongs to, as the kernel names it; the added cost is told apart by it."""


@dataclass(frozen=True, slots=True)
class Trace:
    """All instructions of one launch, and the most bytes a partition ever held."""

    target: str
    instructions: tuple[Instruction, ...]
    sbuf_bytes: int
    psum_bytes: int
