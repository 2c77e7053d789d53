"""The data types of NKI, and how the engines convert between them."""

from __future__ import annotations

from typing import Any, Literal

import ml_dtypes
import numpy as np

from commissure.hal.errors import UsageError, unknown

Array = np.ndarray[Any, np.dtype[Any]]
Kind = Literal["float", "int"]

NUMPY: dict[str, np.dtype[Any]] = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float16": np.dtype(np.float16),
    # NKI's float8_e4m3 is the IEEE-like one (largest 240), not OCP's float8_e4m3fn.
    "float8_e4m3": np.dtype(ml_dtypes.float8_e4m3),
    "float8_e5m2": np.dtype(ml_dtypes.float8_e5m2),
    "int32": np.dtype(np.int32),
    "uint32": np.dtype(np.uint32),
    "int16": np.dtype(np.int16),
    "uint16": np.dtype(np.uint16),
    "int8": np.dtype(np.int8),
    "uint8": np.dtype(np.uint8),
}
"""NKI's names of the types that all targets have, as NumPy types."""

ITEM_BYTES = {name: dtype.itemsize for name, dtype in NUMPY.items()}
INTEGERS = frozenset(name for name in NUMPY if "int" in name)
FLOATS = frozenset(NUMPY) - INTEGERS
MATMUL_FLOATS = FLOATS
POISON_BYTE = 0xA5
"""Each byte of an integer that was never written."""


def name_of(dtype: Any) -> str:
    """NKI's name of a type given by name or as a NumPy type. Raises UsageError if NKI has none."""
    if isinstance(dtype, str):
        if dtype not in NUMPY:
            raise unknown("NKI dtype", dtype, NUMPY)
        return dtype
    given = np.dtype(dtype)
    for name, known in NUMPY.items():
        if known == given:
            return name
    raise UsageError(f"NKI has no dtype for NumPy's {given}. Allowed: {', '.join(sorted(NUMPY))}.")


def poison(byte_count: int, dtype: str) -> Array:
    """Bytes that a kernel must not read: NaN for floats, a pattern for integers."""
    if dtype in INTEGERS:
        return np.full(byte_count, POISON_BYTE, dtype=np.uint8)
    return np.full(byte_count // ITEM_BYTES[dtype], np.nan, dtype=NUMPY[dtype]).view(np.uint8)


def convert(values: Array, dtype: str) -> Array:
    """Values as an engine writes them to `dtype`: bit-exact if it is theirs already, else through float32.

    To integers: round half to even, then saturate (NKI 0.6.0 release notes); NaN becomes 0 (assumed). To floats: round
    half to even, too large becomes infinite.
    """
    target = NUMPY[dtype]
    if values.dtype == target:
        return values
    single = values if values.dtype == np.float32 else values.astype(np.float32)
    if dtype in FLOATS:
        return single.astype(target)
    limits = np.iinfo(target)
    whole = np.rint(single).astype(np.float64)
    saturated: Array = np.nan_to_num(np.clip(whole, limits.min, limits.max), nan=0.0)
    return saturated.astype(target)
