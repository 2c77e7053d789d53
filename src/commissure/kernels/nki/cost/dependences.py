"""What each instruction of a trace must come after: who wrote what it reads, who used what it overwrites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commissure.kernels.nki.cost.memory import Placement
from commissure.kernels.nki.cost.segments import Segments
from commissure.kernels.nki.cost.targets import Target
from commissure.kernels.nki.trace import Instruction


@dataclass(frozen=True, slots=True)
class After:
    """The places in the program that an instruction waits for: for their data, or only until they are done."""

    data: tuple[int, ...]
    order: tuple[int, ...]


def dependences(program: Sequence[Instruction], target: Target) -> list[After]:
    """For each instruction what it waits for, in program order; near linear in their number.

    Data is read after it is written. Overwriting waits for readers and writers, a new tensor for the last users of the
    memory that it takes over. TensorE's products that add up in one place follow each other without waiting.
    """
    tensors: dict[int, Segments] = {}
    placement = Placement(program, target)
    found: list[After] = []
    for place, instruction in enumerate(program):
        data: set[int] = set()
        order: set[int] = set()
        for view in (*instruction.reads, *instruction.writes):
            order.update(placement.use(view, place, instruction.engine))
        for view in instruction.reads:
            data |= tensors.setdefault(view.tensor, Segments()).read(view, place, instruction.engine)
        for view in instruction.writes:
            order |= tensors.setdefault(view.tensor, Segments()).write(view, place)
        placement.end(place)
        data.discard(place)
        order -= data
        order.discard(place)
        found.append(After(tuple(data), tuple(order)))
    return found
