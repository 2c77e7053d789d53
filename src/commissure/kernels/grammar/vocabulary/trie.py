"""All tokens of a vocabulary as one tree of bytes, level by level."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.errors import VocabularyError

NO_NODE = -1
ARRAYS = ("levels", "parent", "byte", "node")


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """N nodes in order of their depth; node 0 is the root, and a parent always comes before its children.

    `levels` [L + 1] int32: the nodes of depth d are levels[d] to levels[d + 1] - 1. `parent` [N] int32 and `byte` [N]
    uint8: the node above and the byte that leads here from it (0 for the root); within a level nodes ascend by both.
    `node` [V] int32: where a token ends, NO_NODE for special tokens. Equal tokens share a node.
    """

    levels: NDArray[np.int32]
    parent: NDArray[np.int32]
    byte: NDArray[np.uint8]
    node: NDArray[np.int32]

    @property
    def nodes(self) -> int:
        """N, the root included."""
        return len(self.parent)

    @property
    def depth(self) -> int:
        """The bytes of the longest token."""
        return len(self.levels) - 2

    def save(self, path: Path) -> None:
        """Write the arrays as an .npz file."""
        with path.open("wb") as file:
            np.savez(file, levels=self.levels, parent=self.parent, byte=self.byte, node=self.node)

    @classmethod
    def read(cls, path: Path) -> Trie:
        """What `save` wrote. Raises VocabularyError if the file holds something else."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(*(arrays[name] for name in ARRAYS))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
            raise VocabularyError(f"{path}: not a saved trie ({error}); build it anew from the vocabulary") from error


def trie_of(tokens: Sequence[bytes], special: Collection[int]) -> Trie:
    """The trie of all tokens that are not special: one pass over the bytes, a sort a level."""
    bytes_of = np.frombuffer(b"".join(tokens) + b"\0", np.uint8)
    length = np.fromiter(map(len, tokens), np.int64, len(tokens))
    length[list(special)] = 0
    # Specials have no bytes, so that the others lie one after the other.
    start = np.cumsum(length) - length
    node = np.where(length > 0, 0, NO_NODE).astype(np.int32)
    levels, parents, edges = [0, 1], [np.zeros(1, np.int32)], [np.zeros(1, np.uint8)]
    active = np.flatnonzero(length > 0)
    while len(active):
        depth = len(levels) - 2
        key = node[active].astype(np.int64) << 8 | bytes_of[start[active] + depth]
        found, place = np.unique(key, return_inverse=True)
        node[active] = levels[-1] + place
        parents.append((found >> 8).astype(np.int32))
        edges.append((found & 255).astype(np.uint8))
        levels.append(levels[-1] + len(found))
        active = active[length[active] > depth + 1]
    return Trie(np.array(levels, np.int32), np.concatenate(parents), np.concatenate(edges), node)
