"""Traces made by hand, for the tests of the cost model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from commissure.kernels.nki.trace import Engine, Instruction, Operand, Space, Trace

SIZES = {"float32": 4, "bfloat16": 2, "uint8": 1, "float8_e5m2": 1, "int32": 4}


def view(
    tensor: int, free: int = 1, *, at: int = 0, rows: tuple[int, int] = (0, 128), dtype: str = "float32",
    space: Space = "sbuf", contiguous: bool = True,
) -> Operand:  # fmt: skip
    """`free` elements of each of the partitions `rows`, from byte `at` of them on."""
    low, high = (rows[0], at), (rows[1], at + free * SIZES[dtype])
    return Operand(tensor, f"t{tensor}", space, dtype, rows[1] - rows[0], free, low, high, contiguous)


@dataclass
class Program:
    """A trace in the making."""

    target: str = "inf2"
    made: list[Instruction] = field(default_factory=list)

    def add(
        self, op: str, engine: Engine, writes: list[Operand], reads: list[Operand], label: str = "", **facts: Any
    ) -> None:
        self.made.append(Instruction(len(self.made), op, engine, tuple(writes), tuple(reads), facts, label))

    def trace(self) -> Trace:
        return Trace(self.target, tuple(self.made), 0, 0)


def lm_head(steps: int, tiles: int, *, batch: int = 64, depth: int = 32, masked: bool = False) -> Trace:
    """A stand-in for the fused kernel: weights stream, products add up in PSUM, VectorE takes the largest."""
    program = Program()
    number = 10
    penalties, states = view(1, 512 * tiles, dtype="uint8"), view(2, batch, dtype="bfloat16")
    if masked:
        program.add("dma_copy", "dma", [penalties], [view(3, 512 * tiles, dtype="uint8", space="hbm")], "load_table")
        program.add("memset", "vector", [states], [], "one_hot_rows")
    for _ in range(steps):
        program.add(
            "dma_copy",
            "dma",
            [view(4, depth * batch, dtype="bfloat16")],
            [view(5, depth * batch, dtype="bfloat16", space="hbm")],
            "load_x",
        )
        for tile in range(tiles):
            number += 1
            sums = view(number, 512, rows=(0, batch), space="psum")
            for k in range(depth):
                number += 1
                weights = view(number, 512, dtype="bfloat16")
                source = view(6, 512, at=(tile * depth + k) * 131072, rows=(0, 1), dtype="bfloat16", space="hbm")
                program.add("dma_copy", "dma", [weights], [source], "load_weights")
                x = view(4, batch, at=k * batch * 2, dtype="bfloat16")
                program.add("nc_matmul", "tensor", [sums], [x, weights], "logits_tile", stationary=batch, moving=512)
            if masked:
                row = view(1, 512, at=tile * 512, dtype="uint8")
                program.add("nc_matmul", "tensor", [sums], [states, row], "penalise", stationary=batch, moving=512)
            program.add("max8", "vector", [view(7, 8, at=tile * 32, rows=(0, batch))], [sums], "running_argmax")
        if masked:
            program.add("tensor_copy", "vector", [states], [view(7, 1, rows=(0, batch))], "advance_states")
    return program.trace()
