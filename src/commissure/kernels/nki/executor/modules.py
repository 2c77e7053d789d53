"""`nki`, `nki.language` and `nki.isa` as modules that a kernel can import."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import numpy as np

from commissure.hal.errors import UsageError
from commissure.kernels.nki.executor import (
    access,
    accumulators,
    copies,
    dma,
    enums,
    gpsimd,
    matmul,
    operators,
    reduction,
    scalar,
    search8,
    vector,
)
from commissure.kernels.nki.executor.boxes import row_major
from commissure.kernels.nki.executor.dtypes import NUMPY, name_of
from commissure.kernels.nki.executor.enums import MemoryRegion
from commissure.kernels.nki.executor.machine import current
from commissure.kernels.nki.executor.targets import MATMUL_MOVING, MATMUL_STATIONARY, PARTITIONS
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation, NotPortable

INSTRUCTIONS: dict[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        dma.dma_copy,
        copies.tensor_copy,
        copies.memset,
        vector.tensor_tensor,
        vector.tensor_scalar,
        vector.scalar_tensor_tensor,
        copies.tensor_copy_predicated,
        vector.reciprocal,
        reduction.tensor_reduce,
        accumulators.tensor_scalar_reduce,
        accumulators.select_reduce,
        reduction.tensor_tensor_scan,
        search8.max8,
        search8.nc_find_index8,
        search8.nc_match_replace8,
        matmul.nc_matmul,
        matmul.nc_transpose,
        gpsimd.iota,
        gpsimd.affine_select,
        gpsimd.nc_n_gather,
        gpsimd.local_gather,
        scalar.activation,
    )
}
TILE_SIZE = SimpleNamespace(
    pmax=PARTITIONS, psum_fmax=512, gemm_stationary_fmax=MATMUL_STATIONARY, gemm_moving_fmax=MATMUL_MOVING
)


class JitFunction:
    """A kernel's top function; the loader launches it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refused: a kernel needs a chip."""
        raise UsageError(f"launch {self.__name__} through load_kernel(...)(arrays), not by calling it")


def ndarray(shape: Any, dtype: Any, buffer: MemoryRegion = MemoryRegion.sbuf, name: str = "") -> NkiTensor:
    """A new tensor, its memory not written yet. Raises NkiViolation if it cannot be or does not fit."""
    sizes = tuple(int(size) for size in shape)
    if not isinstance(buffer, MemoryRegion):
        limit = "buffer is nl.sbuf, psum, hbm, shared_hbm or private_hbm"
        raise NkiViolation("ndarray", name, limit, repr(buffer), "Write the object, not a string")
    on_chip = buffer in (MemoryRegion.sbuf, MemoryRegion.psum)
    if any(size < 1 for size in sizes) or len(sizes) < (2 if on_chip else 1):
        limit = "a shape is of positive sizes, on the chip at least [partitions, free]"
        raise NkiViolation("ndarray", name, limit, str(sizes), "Add an axis of 1, or drop the empty tile")
    if on_chip and sizes[0] > PARTITIONS:
        limit = f"a tile has at most {PARTITIONS} partitions"
        raise NkiViolation("ndarray", name, limit, str(sizes[0]), "Split it into tiles, or swap its axes")
    kind = name_of(dtype)
    storage = current().allocate(buffer, kind, sizes, name)
    return NkiTensor(storage, kind, sizes, row_major(sizes))


def zeros(shape: Any, dtype: Any, buffer: MemoryRegion = MemoryRegion.sbuf, name: str = "") -> NkiTensor:
    """A new tensor on the chip, set to 0 by a memset. Raises NkiViolation."""
    tensor = ndarray(shape, dtype, buffer, name)
    copies.memset(dst=tensor, value=0)
    return tensor


def ds(start: int, size: int) -> slice:
    """The slice of `size` elements from `start` on."""
    return slice(start, start + size)


def jit(function: Callable[..., Any] | None = None, **_settings: object) -> Any:
    """Mark a kernel's top function."""
    return JitFunction(function) if function is not None else JitFunction


def get_nc_version() -> enums.nc_version:
    """The generation of the NeuronCore that the kernel runs on."""
    return enums.nc_version(current().target.core)


def _module(name: str, names: dict[str, Any], advice: str) -> ModuleType:
    module = ModuleType(name, "The portable dialect of NKI, in NumPy.")

    def missing(attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        near = get_close_matches(attribute, names, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        limit = "the dialect that NKI 0.2 to 0.6 share, as far as it is executed here, has no such name"
        raise NotPortable(f"{name}.{attribute}", "", limit, attribute, f"{hint}{advice}")

    module.__dict__.update(names, __getattr__=missing)
    return module


def build() -> dict[str, ModuleType]:
    """New modules by name, ready for sys.modules."""
    regions = {region.name: region for region in MemoryRegion} | {"hbm": MemoryRegion.private_hbm}
    loops = dict.fromkeys(("affine_range", "sequential_range", "static_range"), range)
    language: dict[str, Any] = {**operators.BY_NAME, **{name: name for name in NUMPY}, **regions, **loops}
    language |= {"ndarray": ndarray, "zeros": zeros, "ds": ds, "tile_size": TILE_SIZE}
    kinds = (enums.engine, enums.reduce_cmd, enums.oob_mode, enums.dge_mode, enums.nc_version)
    isa = {**INSTRUCTIONS, **{kind.__name__: kind for kind in kinds}, "get_nc_version": get_nc_version}
    nl = _module("nki.language", language, "Use nki.isa instructions with a destination")
    nisa = _module("nki.isa", isa, "See the table of instructions in the executor's modules")
    top = _module("nki", {"jit": jit, "language": nl, "isa": nisa}, "Launch kernels through load_kernel")
    top.__path__ = []
    return {"nki": top, "nki.language": nl, "nki.isa": nisa}


def wrap(array: np.ndarray[Any, Any] | Any, name: str) -> NkiTensor:
    """An input as a tensor in HBM, written wholly. `array` has shape and dtype; in a dry launch no more is needed."""
    machine = current()
    kind = name_of(array.dtype)
    shape = tuple(int(size) for size in array.shape) or (1,)
    storage = machine.allocate(MemoryRegion.private_hbm, kind, shape, name)
    tensor = NkiTensor(storage, kind, shape, row_major(shape))
    if machine.numeric:
        access.raw(tensor)[...] = np.asarray(array).reshape(shape)
        storage.state = None
    return tensor
