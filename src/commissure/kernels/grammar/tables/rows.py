"""Mask rows: which tokens are allowed, packed by the bit, and each in the least of three forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IDS, COMPLEMENT, BITMAP = 0, 1, 2
"""Forms of a row: allowed ids, refused ids, packed bits; each element takes 4 bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """R rows over V tokens; row 0 allows nothing.

    `packed` [R, W] uint32, W = ceil(V / 32): token t is bit t % 32 of word t // 32; bits beyond V are 0. The same in
    the least form: row r is data[begin[r] : begin[r + 1]] (uint32, ids ascending), read as `form[r]` says.
    """

    size: int
    packed: NDArray[np.uint32]
    form: NDArray[np.uint8]
    begin: NDArray[np.int64]
    data: NDArray[np.uint32]

    @property
    def rows(self) -> int:
        """R."""
        return len(self.form)

    @property
    def hybrid_bytes(self) -> int:
        """What the rows take in their least forms."""
        return int(self.data.nbytes + self.begin.nbytes + self.form.nbytes)

    def ids(self, row: int) -> NDArray[np.intp]:
        """The allowed tokens of a row, ascending."""
        data = self.data[self.begin[row] : self.begin[row + 1]]
        return data.astype(np.intp) if self.form[row] == IDS else np.flatnonzero(unpacked(self.packed[row], self.size))


def words(size: int) -> int:
    """W, the 32-bit words of a row of V tokens."""
    return -(-size // 32)


def unpacked(packed: NDArray[np.uint32], size: int) -> NDArray[np.bool_]:
    """Packed words [..., W] as booleans [..., V]."""
    bits = np.unpackbits(packed.astype("<u4", copy=False).view(np.uint8), axis=-1, count=size, bitorder="little")
    return bits.view(np.bool_)


def make_rows(allowed: NDArray[np.bool_], class_of: NDArray[np.uint16]) -> Rows:
    """Rows of tokens from rows of classes: `allowed` [R, C], `class_of` [V]."""
    size, count = len(class_of), len(allowed)
    of_class = np.bincount(class_of, minlength=allowed.shape[1])
    many = allowed @ of_class
    form = np.argmin(np.stack([many, size - many, np.full(count, words(size))]), axis=0).astype(np.uint8)
    lengths = np.where(form == IDS, many, np.where(form == COMPLEMENT, size - many, words(size)))
    begin = np.concatenate([[0], np.cumsum(lengths)])
    data = np.empty(begin[-1], np.uint32)
    # A row that is not told by its allowed classes is told by the others.
    owner, ids = _tokens(allowed ^ (form == COMPLEMENT)[:, None], form != BITMAP, of_class, class_of)
    data[begin[owner] + _within(owner)] = ids
    bitmaps = np.flatnonzero(form == BITMAP)
    for at in range(0, len(bitmaps), 8):
        eight = bitmaps[at : at + 8]
        data[begin[eight][:, None] + np.arange(words(size))] = _bitmaps(allowed[eight], class_of)
    return from_hybrid(size, form, begin, data)


def from_hybrid(size: int, form: NDArray[np.uint8], begin: NDArray[np.int64], data: NDArray[np.uint32]) -> Rows:
    """Rows from their least forms."""
    packed = np.zeros((len(form), words(size)), np.uint32)
    packed[form == COMPLEMENT] = packed_bits(np.ones(size, np.bool_))
    owner = np.repeat(np.arange(len(form)), np.diff(begin))
    listed = form[owner] != BITMAP
    owner, ids = owner[listed], data[listed].astype(np.intp)
    bits = np.left_shift(np.uint32(1), (ids & 31).astype(np.uint32))
    # Ids of a row are distinct: their bits are added, or taken from ones.
    np.bitwise_xor.at(packed.ravel(), owner * words(size) + (ids >> 5), bits)
    for row in np.flatnonzero(form == BITMAP):
        packed[row] = data[begin[row] : begin[row + 1]]
    packed.setflags(write=False)
    return Rows(size, packed, form, begin, data)


def packed_bits(allowed: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Booleans [V] as packed words [W]."""
    padded = np.zeros(words(len(allowed)) * 32, np.bool_)
    padded[: len(allowed)] = allowed
    return np.packbits(padded, bitorder="little").view("<u4").astype(np.uint32, copy=False)


def _bitmaps(allowed: NDArray[np.bool_], class_of: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Up to eight rows of classes as packed rows of tokens: the rows are the bits of one byte a token."""
    of_token = np.zeros(words(len(class_of)) * 32, np.uint8)
    of_token[: len(class_of)] = np.packbits(allowed, axis=0, bitorder="little")[0].take(class_of)
    rows = [np.packbits(of_token & np.uint8(1 << row), bitorder="little") for row in range(len(allowed))]
    return np.stack(rows).view("<u4")


def _tokens(
    chosen: NDArray[np.bool_], listed: NDArray[np.bool_], of_class: NDArray[np.intp], class_of: NDArray[np.uint16]
) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
    """The tokens of the chosen classes of each listed row, ascending: the row of each, its id."""
    row, column = np.nonzero(chosen & listed[:, None])
    by_class = np.argsort(class_of, kind="stable")
    lengths = of_class[column]
    ends = np.cumsum(lengths)
    place = np.arange(lengths.sum()) + np.repeat(np.cumsum(of_class)[column] - ends, lengths)
    keys = np.repeat(row, lengths) * len(class_of) + by_class[place]
    keys.sort()
    owner, ids = np.divmod(keys, len(class_of))
    return owner, ids.astype(np.uint32)


def _within(owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """The place of each element within its run."""
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    lengths = np.diff(np.append(begins, len(owner)))
    return np.arange(len(owner)) - np.repeat(begins, lengths)
