"""Tensors as a kernel sees them: views of memory, made at no cost while the kernel is specialised."""

from __future__ import annotations

from math import prod
from typing import Any, NoReturn

from commissure.kernels.nki.executor.boxes import box, dense, row_major
from commissure.kernels.nki.executor.dtypes import ITEM_BYTES, name_of
from commissure.kernels.nki.executor.indexing import sliced
from commissure.kernels.nki.executor.patterns import patterned
from commissure.kernels.nki.executor.view import View
from commissure.kernels.nki.executor.violations import NotPortable
from commissure.kernels.nki.trace import Operand


class NkiTensor(View):
    """A view with what a kernel may do to it: index, reshape, read as another dtype, step through."""

    __slots__ = ()

    def is_contiguous(self) -> bool:
        """Whether the view is dense and row-major; on the chip, within each partition."""
        return dense(self)

    def __getitem__(self, key: Any) -> NkiTensor:
        """A view by integers, slices, `nl.ds` and an ellipsis. Raises NkiViolation if it leaves the tensor."""
        if self.dynamic is not None:
            self.refuse("indexing", "a dynamic view cannot be indexed", str(key), "Say all in one .ap(...)")
        shape, strides, offset = sliced(self, key)
        return NkiTensor(self.storage, self.dtype, shape, strides, self.offset + offset)

    def reshape(self, shape: tuple[int, ...]) -> NkiTensor:
        """The same elements under another shape. Raises NkiViolation unless it is contiguous and keeps partitions."""
        shape = tuple(shape)
        if prod(shape) != self.size or not self.is_contiguous() or self.dynamic is not None:
            limit = f"only a contiguous view of as many elements can be reshaped ({self.shape})"
            self.refuse("reshape", limit, str(shape), "Reshape the tensor first, then take the view")
        if self.on_chip and shape[0] != self.shape[0]:
            limit = f"on the chip the partition axis stays ({self.shape[0]})"
            self.refuse("reshape", limit, str(shape), "Move data across partitions with dma_copy or nc_transpose")
        strides = row_major(shape)
        if self.on_chip:
            strides = (self.partition_stride, *strides[1:])
        return NkiTensor(self.storage, self.dtype, shape, strides, self.offset)

    def view(self, dtype: str) -> NkiTensor:
        """The same bytes read as another dtype; the last axis grows or shrinks. Raises NkiViolation if it cannot."""
        old, new = ITEM_BYTES[self.dtype], ITEM_BYTES[name_of(dtype)]
        numbers = (self.offset, *self.strides[:-1], self.shape[-1])
        if self.dynamic is not None or self.strides[-1] != 1 or any(number * old % new for number in numbers):
            limit = "the last axis must be dense, and its bytes, strides and offset whole elements of the new dtype"
            self.refuse("view", limit, f"{self.dtype} {self.shape} as {dtype}", "Take the view of the whole tensor")
        offset, *strides, last = (number * old // new for number in numbers)
        return NkiTensor(self.storage, dtype, (*self.shape[:-1], last), (*strides, 1), offset)

    def ap(
        self,
        pattern: Any,
        offset: int | None = None,
        scalar_offset: NkiTensor | None = None,
        vector_offset: NkiTensor | None = None,
        indirect_dim: int = 0,
        dtype: str | None = None,
    ) -> NkiTensor:
        """The access pattern [[step, count], ...] of the tensor's memory, from `offset` on (nki-aps.rst).

        A dynamic offset counts in units of prod(shape[indirect_dim + 1:]) elements. Raises NkiViolation.
        """
        found = patterned(self, pattern, offset, scalar_offset, vector_offset, indirect_dim, dtype)
        return NkiTensor(found.storage, found.dtype, found.shape, found.strides, found.offset, found.dynamic)

    def operand(self) -> Operand:
        """The view as the trace tells it; the box of a dynamic one is the whole tensor."""
        if self._operand is None:
            self._operand = box(self)
        return self._operand

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        fix = "Use slices, .reshape, .view(dtype) or .ap(pattern=...)"
        raise NotPortable(f"NkiTensor.{name}", "", "views of NKI 0.2 are [...], reshape, view and ap", name, fix)

    def _no_arithmetic(self, _other: object) -> NoReturn:
        fix = "Call nisa.tensor_tensor or nisa.tensor_scalar with a destination"
        raise NotPortable("operator", self.name, "tensors have no arithmetic operators", "one of + - * / ...", fix)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _no_arithmetic
    __mod__ = __and__ = __or__ = __xor__ = __lt__ = __le__ = __gt__ = __ge__ = __matmul__ = _no_arithmetic

    def __repr__(self) -> str:
        return f"NkiTensor({self.name!r}, {self.dtype}, {self.shape})"
