"""All tokens of a vocabulary as one tree of bytes, level by level, so that a walk over all is a few numpy calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROOT = 0
"""Where the empty text ends, and so the special tokens, which are no text."""


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """N nodes in order of their depth, the root first; within a level they ascend by their parent and their byte.

    `levels` [L + 2]: the nodes of depth d are levels[d] to levels[d + 1] - 1. `parent` [N] intp and `byte` [N] uint8:
    the node above, and the byte that leads here from it. `first_child` [N + 1] intp: the children of n are
    first_child[n] to first_child[n + 1] - 1. `node` [V] intp: where a token ends, ROOT for special ones. Equal tokens
    share a node.
    """

    levels: tuple[int, ...]
    parent: NDArray[np.intp]
    byte: NDArray[np.uint8]
    first_child: NDArray[np.intp]
    node: NDArray[np.intp]

    @property
    def nodes(self) -> int:
        """N, the root included."""
        return len(self.parent)

    @property
    def depth(self) -> int:
        """The bytes of the longest token."""
        return len(self.levels) - 2


def trie_of(tokens: Sequence[bytes], special: Collection[int]) -> Trie:
    """The trie of all tokens that are not special: one pass over the bytes, a sort a level."""
    bytes_of = np.frombuffer(b"".join(tokens) + b"\0", np.uint8)
    length = np.fromiter(map(len, tokens), np.intp, len(tokens))
    length[list(special)] = 0
    # Specials have no bytes, so that the others lie one after the other.
    start = np.cumsum(length) - length
    node = np.zeros(len(tokens), np.intp)
    levels, parents, edges = [0, 1], [np.zeros(1, np.intp)], [np.zeros(1, np.uint8)]
    active = np.flatnonzero(length > 0)
    while len(active):
        depth = len(levels) - 2
        key = node[active] << 8 | bytes_of[start[active] + depth]
        found, place = np.unique(key, return_inverse=True)
        node[active] = levels[-1] + place
        parents.append(found >> 8)
        edges.append((found & 255).astype(np.uint8))
        levels.append(levels[-1] + len(found))
        active = active[length[active] > depth + 1]
    parent = np.concatenate(parents)
    first = np.ones(len(parent) + 1, np.intp)
    first[1:] += np.cumsum(np.bincount(parent[1:], minlength=len(parent)))
    return Trie(tuple(levels), parent, np.concatenate(edges), first, node)
