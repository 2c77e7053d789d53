"""Where a tensor's elements lie: the plain facts of a view, which everything about tensors works on."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NoReturn

from commissure.kernels.nki.executor.dtypes import ITEM_BYTES
from commissure.kernels.nki.executor.enums import MemoryRegion
from commissure.kernels.nki.executor.memory import Storage
from commissure.kernels.nki.executor.violations import NkiViolation
from commissure.kernels.nki.trace import Operand


@dataclass(frozen=True, slots=True)
class DynamicOffset:
    """An index that is known only when the instruction runs: `stride` elements of the tensor each.

    `rows` bounds it; `per_partition` says whether every partition (first axis) has its own.
    """

    index: View
    stride: int
    rows: int
    per_partition: bool


class View:
    """A strided view: element (i0, i1, ...) lies at offset + sum(strides[k] * ik), in elements of `dtype`.

    On the chip axis 0 runs over partitions, whose stride is the number of elements that a partition of the whole
    tensor holds, `partition_stride`. `free`: elements per partition of the view (HBM: per index of the first axis).
    """

    __slots__ = (
        "_operand",
        "checked",
        "dtype",
        "dynamic",
        "free",
        "offset",
        "on_chip",
        "partition_stride",
        "shape",
        "storage",
        "strides",
    )

    def __init__(
        self,
        storage: Storage,
        dtype: str,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        offset: int = 0,
        dynamic: DynamicOffset | None = None,
    ) -> None:
        self.storage = storage
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.dynamic = dynamic
        # Plain attributes, for a trace asks for them a million times.
        self.on_chip = storage.space != "hbm"
        self.free = prod(shape[1:])
        self.partition_stride = storage.free_bytes // ITEM_BYTES[dtype]
        self.checked = False
        self._operand: Operand | None = None

    @property
    def buffer(self) -> MemoryRegion:
        """Where it lies."""
        return self.storage.buffer

    @property
    def name(self) -> str:
        """For messages."""
        return self.storage.name

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def start_partition(self) -> int:
        """The first partition of the view."""
        return self.offset // self.partition_stride if self.on_chip else 0

    def get_pattern(self) -> list[list[int]]:
        """The view as [[stride, count], ...], the form that `ap` takes."""
        return [[stride, count] for stride, count in zip(self.strides, self.shape, strict=True)]

    def is_indirect(self) -> bool:
        """Whether an offset of it is known only when it is used."""
        return self.dynamic is not None

    def refuse(self, op: str, limit: str, given: str, fix: str) -> NoReturn:
        """Raise NkiViolation about this tensor."""
        raise NkiViolation(op, self.name, limit, given, fix)
