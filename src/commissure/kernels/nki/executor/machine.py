"""The NeuronCore that a kernel runs on just now: its memories, registers and the trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

import numpy as np

from commissure.hal.errors import UsageError
from commissure.kernels.nki.executor.dtypes import Array
from commissure.kernels.nki.executor.enums import MemoryRegion
from commissure.kernels.nki.executor.memory import Allocator, Storage
from commissure.kernels.nki.executor.targets import PARTITIONS, Target
from commissure.kernels.nki.trace import Engine, Instruction, Operand, Trace

_CURRENT: ContextVar[Machine | None] = ContextVar("nki_machine", default=None)


class Machine:
    """One launch. `numeric` false: shapes only, no number is computed. `files` are the kernel's own source files."""

    def __init__(self, target: Target, *, numeric: bool, files: frozenset[str] = frozenset()) -> None:
        self.target = target
        self.numeric = numeric
        self.files = files
        self.allocator = Allocator(target)
        self.instructions: list[Instruction] = []
        self.registers: dict[Engine, Array] = {
            "vector": np.full(PARTITIONS, np.nan, np.float32),
            "scalar": np.full(PARTITIONS, np.nan, np.float32),
        }
        """Accumulators, one a partition; undefined until an instruction resets them."""
        self._tensors = 0

    def allocate(self, buffer: MemoryRegion, dtype: str, shape: tuple[int, ...], name: str) -> Storage:
        """Memory for a tensor. Raises NkiViolation if it does not fit."""
        self._tensors += 1
        return Storage(self._tensors, name, buffer, dtype, shape, numeric=self.numeric, allocator=self.allocator)

    def record(
        self,
        op: str,
        engine: Engine,
        writes: tuple[Operand, ...],
        reads: tuple[Operand, ...],
        facts: dict[str, int | float | str | bool],
    ) -> None:
        """Append an instruction to the trace."""
        index = len(self.instructions)
        self.instructions.append(Instruction(index, op, engine, writes, reads, facts, self._label()))

    def _label(self) -> str:
        """The innermost running function of the kernel's own files."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if code.co_filename in self.files and not code.co_name.startswith("<"):
                return code.co_name
            frame = frame.f_back
        return ""

    def trace(self) -> Trace:
        """What ran so far."""
        memory = self.allocator
        return Trace(self.target.name, tuple(self.instructions), memory.sbuf_peak, memory.psum_peak)


@contextmanager
def running(machine: Machine) -> Iterator[Machine]:
    """Make instructions go to this machine."""
    token = _CURRENT.set(machine)
    try:
        yield machine
    finally:
        _CURRENT.reset(token)


def current() -> Machine:
    """The machine of the running kernel. Raises UsageError outside of one."""
    machine = _CURRENT.get()
    if machine is None:
        raise UsageError("no NKI kernel is running: launch it through load_kernel(...)(arrays)")
    return machine
