"""The byte trie of a vocabulary, level by level, so that a walk over all tokens is a few numpy calls a level."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.errors import VocabularyError

_KEPT = 4
"""Tries held in memory, of the vocabularies used last: one of 128,000 tokens takes 6 MB."""


class Vocabulary(Protocol):
    """What tables need of a vocabulary: `tokens[id]` is what the token adds to the text, empty if it is special."""

    @property
    def tokens(self) -> Sequence[bytes]:
        """The bytes of each id."""
        ...

    @property
    def special(self) -> Collection[int]:
        """Ids that are never text."""
        ...

    @property
    def eos(self) -> Collection[int]:
        """Ids that end the text."""
        ...

    @property
    def size(self) -> int:
        """V, the number of ids."""
        ...

    @property
    def fingerprint(self) -> str:
        """The same for equal vocabularies only."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """Nodes numbered level by level, the root 0; siblings stand together, ascending by byte.

    `parent` and `first_child` [N], [N + 1] intp (the children of n are first_child[n] to first_child[n + 1]), `byte`
    [N] uint8, `levels` the first node of each level and N; `node_of_token` [V] intp, 0 for a token that is no text.
    """

    parent: NDArray[np.intp]
    byte: NDArray[np.uint8]
    first_child: NDArray[np.intp]
    levels: tuple[int, ...]
    node_of_token: NDArray[np.intp]

    @property
    def nodes(self) -> int:
        """N, the root included."""
        return len(self.parent)

    @property
    def longest(self) -> int:
        """Bytes of the longest token."""
        return len(self.levels) - 2


_tries: OrderedDict[str, Trie] = OrderedDict()


def trie_of(vocabulary: Vocabulary) -> Trie:
    """The vocabulary's trie, made once while its fingerprint is in use."""
    trie = _tries.get(vocabulary.fingerprint)
    if trie is None:
        trie = _tries[vocabulary.fingerprint] = build_trie(vocabulary)
        if len(_tries) > _KEPT:
            _tries.popitem(last=False)
    _tries.move_to_end(vocabulary.fingerprint)
    return trie


def build_trie(vocabulary: Vocabulary) -> Trie:
    """Sort the tokens, then number the distinct prefixes of each length. Raises VocabularyError if sizes disagree."""
    tokens, never = vocabulary.tokens, {*vocabulary.special, *vocabulary.eos}
    if len(tokens) != vocabulary.size:
        raise VocabularyError(f"vocabulary of {vocabulary.size:,} ids has {len(tokens):,} tokens; give bytes for each")
    order = sorted((id for id, token in enumerate(tokens) if token and id not in never), key=tokens.__getitem__)
    blob = np.frombuffer(b"".join([tokens[id] for id in order]), np.uint8)
    lengths = np.fromiter((len(tokens[id]) for id in order), np.intp, len(order))
    begins = np.cumsum(lengths) - lengths
    ids = np.array(order, np.intp)
    node_of_token = np.zeros(len(tokens), np.intp)
    node = np.zeros(len(order), np.intp)
    parents, bytes_, levels = [np.zeros(1, np.intp)], [np.zeros(1, np.uint8)], [0, 1]
    at = np.arange(len(order))
    for depth in range(int(lengths.max(initial=0))):
        at = at[lengths[at] > depth]
        byte, parent = blob[begins[at] + depth], node[at]
        # Tokens are sorted, so those that share a prefix of this length stand together.
        fresh = np.ones(len(at), np.bool_)
        fresh[1:] = (parent[1:] != parent[:-1]) | (byte[1:] != byte[:-1])
        node[at] = levels[-1] + np.cumsum(fresh) - 1
        parents.append(parent[fresh])
        bytes_.append(byte[fresh])
        levels.append(levels[-1] + len(parents[-1]))
        ends = at[lengths[at] == depth + 1]
        node_of_token[ids[ends]] = node[ends]
    parent = np.concatenate(parents)
    first = np.ones(levels[-1] + 1, np.intp)
    first[1:] += np.cumsum(np.bincount(parent[1:], minlength=levels[-1]))
    return Trie(parent, np.concatenate(bytes_), first, tuple(levels), node_of_token)
