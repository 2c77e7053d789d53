"""The keys and values at the beginning of a GGUF file (ggml-org/ggml, docs/gguf.md)."""

from __future__ import annotations

import struct
from mmap import mmap

import numpy as np

from commissure.kernels.grammar.errors import VocabularyError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
STRING, ARRAY = 8, 9
SCALARS = {
    **{0: "u1", 1: "i1", 2: "u2", 3: "i2", 4: "u4", 5: "i4"},
    **{6: "f4", 7: "?", 10: "u8", 11: "i8", 12: "f8"},
}
"""Types of values, as numpy names them; all are little-endian."""

Buffer = bytes | mmap
Value = str | int | float | bool | list[str] | list[int] | list[float] | None


class CutShort(Exception):
    """A value would lie beyond the end of the file."""


def metadata(data: Buffer, name: str, prefix: str) -> dict[str, Value]:
    """The values whose keys begin with the prefix, which is left out. Raises VocabularyError for a broken file."""
    reader = _Reader(data, name)
    found: dict[str, Value] = {}
    try:
        if data[: len(MAGIC)] != MAGIC or reader.scalar("u4", len(MAGIC)) not in VERSIONS:
            raise VocabularyError(f"{name}: not a little-endian GGUF file of version 2 or 3; convert it anew")
        for _ in range(int(reader.scalar("u8", 16))):
            key = reader.string()
            value = reader.value(int(reader.scalar("u4")), kept=key.startswith(prefix))
            if key.startswith(prefix):
                found[key[len(prefix) :]] = value
    except CutShort:
        raise VocabularyError(
            f"{name}: the file ends within its metadata, after {len(data):,} bytes, {reader.place:,} of them read; "
            "it is cut short: load it anew"
        ) from None
    return found


class _Reader:
    """Reads one value after the other; `place` is where the next one lies."""

    def __init__(self, data: Buffer, name: str) -> None:
        self.data = data
        self.name = name
        self.place = 0

    def scalar(self, kind: str, at: int | None = None) -> int | float | bool:
        """A number, the next one or the one at a place, from where reading goes on."""
        self.place = self.place if at is None else at
        values: list[int | float | bool] = self.array(kind, 1, kept=True)
        return values[0]

    def array(self, kind: str, count: int, *, kept: bool) -> list[int | float | bool]:
        """Numbers of one type."""
        dtype = np.dtype(kind).newbyteorder("<")
        end = self.place + dtype.itemsize * count
        if end > len(self.data):
            raise CutShort
        found = np.frombuffer(self.data[self.place : end], dtype).tolist() if kept else []
        self.place = end
        return found

    def string(self) -> str:
        """A length and as many bytes of UTF-8."""
        return self.strings(1, kept=True)[0]

    def strings(self, count: int, *, kept: bool) -> list[str]:
        """Strings, one after the other."""
        data, place, found = self.data, self.place, []
        size, length = len(data), struct.Struct("<Q")
        for _ in range(count):
            begin = place + 8
            if begin > size:
                raise CutShort
            place = begin + length.unpack_from(data, place)[0]
            if place > size:
                raise CutShort
            if kept:
                found.append(data[begin:place])
        self.place = place
        try:
            return [text.decode() for text in found]
        except UnicodeDecodeError as error:
            raise VocabularyError(f"{self.name}: a string before byte {place:,} is not UTF-8: {error}") from None

    def value(self, kind: int, *, kept: bool) -> Value:
        """A value of the type; arrays that are not kept are passed over."""
        if kind == STRING:
            return self.string()
        if kind in SCALARS:
            return self.scalar(SCALARS[kind])
        if kind != ARRAY:
            raise VocabularyError(f"{self.name}: a value of type {kind} before byte {self.place:,}; none such is known")
        inner, count = int(self.scalar("u4")), int(self.scalar("u8"))
        if inner == STRING:
            return self.strings(count, kept=kept)
        if inner in SCALARS:
            return self.array(SCALARS[inner], count, kept=kept)
        raise VocabularyError(f"{self.name}: an array of type {inner} before byte {self.place:,} is not read")
