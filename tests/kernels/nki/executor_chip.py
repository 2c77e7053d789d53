"""A chip for tests: arrays into SBUF or PSUM, tensors back into arrays, instructions by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from commissure.kernels.nki.executor import access
from commissure.kernels.nki.executor.dtypes import NUMPY, name_of
from commissure.kernels.nki.executor.machine import Machine, running
from commissure.kernels.nki.executor.modules import build, wrap
from commissure.kernels.nki.executor.targets import find_target
from commissure.kernels.nki.executor.tensor import NkiTensor

MODULES = build()
nl: Any = MODULES["nki.language"]
nisa: Any = MODULES["nki.isa"]


@contextmanager
def chip(target: str = "inf2", *, numeric: bool = True) -> Iterator[Machine]:
    with running(Machine(find_target(target), numeric=numeric)) as machine:
        yield machine


def sbuf(values: Any, dtype: str | None = None) -> NkiTensor:
    """The values in SBUF, by dma_copy."""
    array = np.asarray(values)
    array = array.astype(NUMPY[dtype]) if dtype else array
    tile: NkiTensor = nl.ndarray(array.shape, dtype=name_of(array.dtype), buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=wrap(array, "given"))
    return tile


def psum(values: Any) -> NkiTensor:
    tile = sbuf(values)
    copy: NkiTensor = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.psum)
    nisa.tensor_copy(dst=copy, src=tile)
    return copy


def new(shape: tuple[int, ...], dtype: str = "float32", buffer: Any = None) -> NkiTensor:
    tile: NkiTensor = nl.ndarray(shape, dtype=dtype, buffer=buffer or nl.sbuf)
    return tile


def get(tensor: NkiTensor) -> np.ndarray[Any, Any]:
    return access.read("test", tensor).copy()
