"""A matcher on a machine whose states come as they are met, such as one with a stack: masks are made on first use."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import REFUSED, START, UNBOUNDED, Machine
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.runtime.frames import Frame
from commissure.kernels.grammar.runtime.matcher import StateMatcher
from commissure.kernels.grammar.runtime.unfolding import Unfolding
from commissure.kernels.grammar.tables.rows import packed_bits
from commissure.kernels.grammar.vocabulary import Trie, Vocabulary
from commissure.kernels.grammar.vocabulary.trie import ROOT

ENDED = -1
"""The state after eos."""
_KEPT = 2048
"""Masks held at most, 16 kB each at 128,000 tokens."""

Mask = tuple[NDArray[np.uint32], NDArray[np.intp]]
"""Packed words, and the allowed ids."""

Inside = tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp]]
"""Of a frame: nodes [N] that stay in it; nodes whose last byte leaves it; the frame that this byte leads to."""


class LazyMasks:
    """The masks of one machine over one vocabulary, made when first asked for; many matchers may share them."""

    def __init__(self, machine: Machine, vocabulary: Vocabulary) -> None:
        self.unfolding = Unfolding(machine)
        self.vocabulary = vocabulary
        self.eos = sorted(set(vocabulary.eos))
        self._trie: Trie = vocabulary.trie
        self._inside: dict[int, Inside] = {}
        self._made: OrderedDict[tuple[int, int, int], Mask] = OrderedDict()

    def mask(self, state: int, count: int) -> Mask:
        """What is allowed; raises VocabularyError if nothing is."""
        key = self._key(state, count)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(state, count)
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return made

    def after(self, state: int, count: int, text: bytes) -> tuple[int, int]:
        """The place after a text; state 0 where it is refused."""
        for byte in text:
            to, counts = self.unfolding.step(np.array([state]), np.array([count]), np.array([byte], np.uint8))
            state, count = int(to[0]), int(counts[0])
            if state == REFUSED:
                return REFUSED, 0
        return state, count

    def _key(self, state: int, count: int) -> tuple[int, int, int]:
        """Counts from which no token can reach a bound make no difference."""
        bounds = None if state == ENDED else self.unfolding.bounds(state)
        if bounds is None:
            return state, 0, 0
        reach = self.unfolding.most_added(state, self._trie.depth)
        room = reach if bounds[1] == UNBOUNDED else min(bounds[1] - count, reach)
        return state, room, min(max(bounds[0] - count, 0), reach + 1)

    def _make(self, state: int, count: int) -> Mask:
        allowed = np.zeros(self.vocabulary.size, np.bool_)
        if state != ENDED:
            live = self._live(state, count)
            # Special tokens stand at the root.
            live[ROOT] = False
            allowed = live[self._trie.node]
        if state == ENDED or self.unfolding.accepting(state):
            allowed[self.eos] = True
        ids = np.flatnonzero(allowed)
        if not len(ids):
            raise VocabularyError(
                "no token leads on from here: the vocabulary lacks bytes that the grammar needs; add the single bytes"
            )
        return packed_bits(allowed), ids

    def _live(self, state: int, count: int) -> NDArray[np.bool_]:
        """[N]: the nodes of the trie whose texts the state does not refuse."""
        frame = self.unfolding.frame(state)
        if frame is None:
            live = np.zeros(self._trie.nodes, np.bool_)
            self._walk(self.unfolding, live, np.zeros(1, np.intp), np.array([state]), np.array([count]))
            return live
        if frame not in self._inside:
            self._inside[frame] = self._walk_frame(frame)
        inside, nodes, aims = self._inside[frame]
        live = inside.copy()
        after = {to: self.unfolding.after_frame(state, to) for to in set(aims.tolist())}
        states = np.array([after[to] for to in aims.tolist()], np.intp)
        kept = states != REFUSED
        self._walk(self.unfolding, live, nodes[kept], states[kept], np.zeros(int(kept.sum()), np.int64))
        return live

    def _walk_frame(self, number: int) -> Inside:
        """The nodes whose texts stay in the frame, and those whose last byte leaves it, with where it leads."""
        assert self.unfolding.framed is not None
        frame = Frame(self.unfolding.framed, number)
        unfolding, live = Unfolding(frame), np.zeros(self._trie.nodes, np.bool_)
        nodes, states = self._walk(unfolding, live, np.zeros(1, np.intp), np.array([START]), np.zeros(1, np.int64))
        aims = np.array([frame.left.get(unfolding.state(number), -1) for number in range(unfolding.met)])[states]
        left = aims >= 0
        live[nodes[left]] = False
        return live, nodes[left], aims[left]

    def _walk(
        self, unfolding: Unfolding, live: NDArray[np.bool_], nodes: NDArray[np.intp], states: NDArray[np.intp],
        counts: NDArray[np.int64],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:  # fmt: skip
        """Mark these nodes and all below that their states do not refuse; gives all of them, and their states."""
        trie, seen = self._trie, [(nodes[:0], states[:0])]
        while len(nodes):
            live[nodes] = True
            seen.append((nodes, states))
            begin = trie.first_child[nodes]
            lengths = trie.first_child[nodes + 1] - begin
            ends = np.cumsum(lengths)
            children = np.arange(ends[-1]) + np.repeat(begin - ends + lengths, lengths)
            states, counts = unfolding.step(np.repeat(states, lengths), np.repeat(counts, lengths), trie.byte[children])
            kept = states != REFUSED
            nodes, states, counts = children[kept], states[kept], counts[kept]
        return np.concatenate([one for one, _ in seen]), np.concatenate([one for _, one in seen])


class LazyMatcher(StateMatcher):
    """One sequence under a machine's grammar."""

    def __init__(self, masks: LazyMasks) -> None:
        super().__init__((START, 0))
        self._masks = masks

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return self._masks.vocabulary.size

    def mask(self) -> NDArray[np.uint32]:
        """The allowed tokens as packed words; raises VocabularyError if none leads on."""
        return self._masks.mask(*self._past[-1])[0]

    def allowed(self) -> NDArray[np.intp]:
        """The allowed tokens, ascending; raises VocabularyError if none leads on."""
        return self._masks.mask(*self._past[-1])[1]

    @property
    def accepting(self) -> bool:
        """Whether the text may end here, or has ended."""
        return self.finished or self._masks.unfolding.accepting(self._past[-1][0])

    def _after(self, place: tuple[int, int], token: int) -> tuple[int, int]:
        masks = self._masks
        if token in masks.eos:
            return (ENDED, 0) if masks.unfolding.accepting(place[0]) else (REFUSED, 0)
        if not 0 <= token < masks.vocabulary.size or token in masks.vocabulary.special:
            return REFUSED, 0
        text = masks.vocabulary.tokens[token]
        return masks.after(*place, text) if text else (REFUSED, 0)

    def _only_byte(self, place: tuple[int, int]) -> tuple[int, tuple[int, int]] | None:
        if self._ended(place) or self._masks.unfolding.accepting(place[0]):
            return None
        follow = self._masks.unfolding.follow(place[0]).tolist()
        found = [(byte, to) for byte in follow if (to := self._masks.after(*place, bytes([byte])))[0] != REFUSED]
        return found[0] if len(found) == 1 else None

    def _only_token(self, place: tuple[int, int]) -> int | None:
        ids = self._masks.mask(*place)[1]
        return int(ids[0]) if len(ids) == 1 else None

    def _ended(self, place: tuple[int, int]) -> bool:
        return place[0] == ENDED
