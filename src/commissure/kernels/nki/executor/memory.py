"""The memories of one NeuronCore: what is allocated, what it holds, and which bytes were ever written."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from commissure.kernels.nki.executor.dtypes import ITEM_BYTES, Array, poison
from commissure.kernels.nki.executor.targets import PSUM_BANK_BYTES, PSUM_BANKS, PSUM_BYTES, Target
from commissure.kernels.nki.executor.violations import NkiViolation
from commissure.kernels.nki.trace import Space

if TYPE_CHECKING:
    from commissure.kernels.nki.executor.enums import MemoryRegion

UNWRITTEN, WRITTEN, BY_MATMUL = 0, 1, 3
"""State of a byte; PSUM tells what the tensor engine wrote from what others wrote."""

SPACES: dict[str, Space] = {"sbuf": "sbuf", "psum": "psum"}
"""Memories of the chip by their buffer's name; all other buffers are in HBM."""


class Allocator:
    """Counts live bytes per partition of SBUF and of PSUM's banks.

    A tensor lives as long as the kernel refers to it. One of fewer than 128 partitions is counted as if it took all.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.sbuf = 0
        self.sbuf_peak = 0
        self.psum_peak = 0
        self._banks = [PSUM_BANK_BYTES] * PSUM_BANKS

    def take(self, space: Space, name: str, size: int) -> list[int]:
        """Reserve `size` bytes per partition; returns the PSUM banks that were taken. Raises NkiViolation if full."""
        if space == "sbuf":
            self._take_sbuf(name, size)
            return []
        banks = self._fit(size)
        if not banks:
            free = sum(self._banks)
            limit = f"PSUM holds {PSUM_BYTES} bytes per partition in {PSUM_BANKS} banks of {PSUM_BANK_BYTES}"
            given = f"{size} bytes more, with {free} free, in banks {self._banks}"
            fix = "Copy finished tiles to SBUF and let them go, or make tiles smaller"
            raise NkiViolation("ndarray", name, limit, given, fix)
        for bank in banks:
            self._banks[bank] -= min(size, PSUM_BANK_BYTES)
        self.psum_peak = max(self.psum_peak, PSUM_BYTES - sum(self._banks))
        return banks

    def _take_sbuf(self, name: str, size: int) -> None:
        if self.sbuf + size > self.target.sbuf_bytes:
            limit = f"SBUF of {self.target.name} holds {self.target.sbuf_bytes} bytes per partition"
            given = f"{size} bytes more, with {self.sbuf} in use"
            fix = "Tile the free dimension, use a smaller dtype, or let tensors go that are no longer needed"
            raise NkiViolation("ndarray", name, limit, given, fix)
        self.sbuf += size
        self.sbuf_peak = max(self.sbuf_peak, self.sbuf)

    def _fit(self, size: int) -> list[int]:
        """A tile within one bank if it can be, else whole banks in a row."""
        if size <= PSUM_BANK_BYTES:
            return next(([bank] for bank, free in enumerate(self._banks) if free >= size), [])
        count = -(-size // PSUM_BANK_BYTES)
        for first in range(PSUM_BANKS - count + 1):
            if all(free == PSUM_BANK_BYTES for free in self._banks[first : first + count]):
                return list(range(first, first + count))
        return []

    def give_back(self, space: Space, size: int, banks: list[int]) -> None:
        """Undo `take`."""
        if space == "sbuf":
            self.sbuf -= size
        for bank in banks:
            self._banks[bank] += min(size, PSUM_BANK_BYTES)


class Storage:
    """The memory of one tensor: `partitions` x `free` elements of `dtype` (HBM: all in one partition).

    `data` and `state` are bytes, or None where nothing is computed; `state` is None as well once it need not be asked.
    """

    def __init__(
        self,
        index: int,
        name: str,
        buffer: MemoryRegion,
        dtype: str,
        shape: tuple[int, ...],
        *,
        numeric: bool,
        allocator: Allocator,
    ) -> None:
        self.index = index
        self.buffer = buffer
        self.space: Space = SPACES.get(buffer.value, "hbm")
        self.name = name or f"{self.space}#{index}"
        self.dtype = dtype
        self.partitions = 1 if self.space == "hbm" else shape[0]
        self.free = prod(shape) if self.space == "hbm" else prod(shape[1:])
        self.free_bytes = self.free * ITEM_BYTES[dtype]
        self._allocator = allocator
        self._banks: list[int] | None = None
        if self.space != "hbm":
            self._banks = allocator.take(self.space, self.name, self.free_bytes)
        byte_count = self.partitions * self.free_bytes
        self.data: Array | None = poison(byte_count, dtype) if numeric else None
        self.state: Array | None = np.zeros(byte_count, dtype=np.uint8) if numeric else None

    def __del__(self) -> None:
        if getattr(self, "_banks", None) is not None:
            self._allocator.give_back(self.space, self.free_bytes, self._banks or [])
