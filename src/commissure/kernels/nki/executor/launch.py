"""One launch of a kernel: arrays become tensors in HBM, outputs become arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from commissure.hal.errors import UsageError
from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import Array
from commissure.kernels.nki.executor.enums import MemoryRegion
from commissure.kernels.nki.executor.machine import Machine, running
from commissure.kernels.nki.executor.modules import wrap
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """An array without numbers, for a trace: `dtype` is NKI's name of it."""

    shape: tuple[int, ...]
    dtype: str


def launch(
    machine: Machine, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Array, ...]:
    """Run `function`; returns its outputs, none if nothing is computed. Raises NkiViolation, UsageError."""
    names = function.__code__.co_varnames
    inputs: list[tuple[Any, NkiTensor]] = []

    def tensor(name: str, value: Any) -> Any:
        if not isinstance(value, (np.ndarray, ArraySpec)):
            return value
        if machine.numeric and isinstance(value, ArraySpec):
            raise UsageError(f"{name}: an ArraySpec has no numbers; give an array, or use .trace(...)")
        inputs.append((value, wrap(value, name)))
        return inputs[-1][1]

    with running(machine):
        positional = [tensor(names[at] if at < len(names) else f"arg{at}", value) for at, value in enumerate(args)]
        named = {name: tensor(name, value) for name, value in kwargs.items()}
        result = function(*positional, **named)
        outputs = _outputs(machine, result)
    if machine.numeric:
        written = {op.tensor for instruction in machine.instructions for op in instruction.writes}
        for array, taken in inputs:
            if taken.storage.index in written:
                array[...] = access.raw(taken).reshape(array.shape)
    return outputs


def _outputs(machine: Machine, result: Any) -> tuple[Array, ...]:
    tensors = result if isinstance(result, tuple) else () if result is None else (result,)
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, NkiTensor):
            limit, given = "a kernel returns tensors", type(tensor).__name__
            raise NkiViolation("return", f"output {position}", limit, given, "Return a tensor or a tuple of them")
        if tensor.buffer is not MemoryRegion.shared_hbm:
            limit = "an output lies in nl.shared_hbm"
            fix = "Allocate it with buffer=nl.shared_hbm and dma_copy to it"
            raise NkiViolation("return", tensor.name, limit, tensor.buffer.name, fix)
    return tuple(access.read("return", tensor).copy() for tensor in tensors) if machine.numeric else ()
