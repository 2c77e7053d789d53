"""Small random automata and vocabularies, and what tokens do by stepping bytes one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from hypothesis import strategies as st

from commissure.kernels.grammar.automaton import KEEPS, REFUSED, START, UNBOUNDED, Automaton, Step, sets
from commissure.kernels.grammar.languages.dfa import Dfa
from commissure.kernels.grammar.vocabulary import Vocabulary

LETTERS = (b"a"[0], b"b"[0], 0xC3, 0xA9)
"""The bytes that tokens are made of: the last two are one character in UTF-8, and halves of others."""

Place = tuple[int, int]


def tokens(texts: Iterable[bytes], special: Iterable[int], eos: tuple[int, ...]) -> Vocabulary:
    """A vocabulary made by hand."""
    return Vocabulary("by hand", tuple(texts), frozenset(special), eos)


@st.composite
def vocabularies(draw: st.DrawFn, whole: bool = True) -> Vocabulary:
    """Tokens of up to five bytes, with duplicates, specials and one or two eos; `whole` has every single byte."""
    texts = draw(st.lists(st.lists(st.sampled_from(LETTERS), min_size=1, max_size=5).map(bytes), max_size=40))
    if whole:
        texts += [bytes([letter]) for letter in LETTERS]
    texts = draw(st.permutations([*texts, *[b""] * draw(st.integers(1, 3))]))
    special = frozenset(number for number, text in enumerate(texts) if not text)
    eos = tuple(sorted(special))[: draw(st.integers(1, 2))]
    return tokens(texts, special, eos)


@st.composite
def automata(draw: st.DrawFn, counts: bool = True) -> Automaton:
    """Up to six states; where it counts, some of them stand in strings with bounds of their own."""
    size = draw(st.integers(2, 7))
    following = np.zeros((size, len(LETTERS) + 1), np.int32)
    effect = np.zeros_like(following)
    bounds = [(0, UNBOUNDED)]
    if counts:
        pairs = st.tuples(st.integers(0, 4), st.integers(0, 4) | st.just(UNBOUNDED)).filter(lambda pair: pair[1] > 0)
        bounds += [(min(pair), max(pair)) for pair in draw(st.lists(pairs, max_size=2))]
    held = [bounds[draw(st.integers(0, len(bounds) - 1))] for _ in range(size)]
    for state in range(1, size):
        for column in range(1, following.shape[1]):
            to = following[state, column] = draw(st.integers(0, size - 1))
            if to != REFUSED and counts:
                effect[state, column] = draw(st.sampled_from(_effects(held[state], held[to])))
    accepting = np.array([False, *draw(st.lists(st.booleans(), min_size=size - 1, max_size=size - 1))])
    byte_class = np.zeros(256, np.uint8)
    byte_class[list(LETTERS)] = range(1, len(LETTERS) + 1)
    if not counts:
        return Automaton(byte_class, following, accepting)
    least, most = (np.array(side, np.int32) for side in zip(*held, strict=True))
    return Automaton(byte_class, following, accepting, effect, least, most)


def _effects(here: Place, there: Place) -> list[int]:
    out = [sets(count) for count in range(min(there[1], 3) + 1)]
    if here == there:
        out += [KEEPS, KEEPS]
    return out if here != there or here == (0, UNBOUNDED) else [*out, 1, 1, 2]


def after(automaton: Automaton, place: Place, text: bytes) -> Place:
    """Where a text leads, byte by byte; (0, 0) where it is refused."""
    for byte in text:
        place = automaton.step(*place, byte)
        if place[0] == REFUSED:
            return REFUSED, 0
    return place


def following(automaton: Automaton, vocabulary: Vocabulary, place: Place) -> dict[int, Place]:
    """Where each allowed token leads, eos but not included."""
    found = {
        token: to
        for token, text in enumerate(vocabulary.tokens)
        if text and (to := after(automaton, place, text))[0] != REFUSED
    }
    return found


def places(automaton: Automaton, vocabulary: Vocabulary, most: int = 60) -> Iterator[tuple[Place, dict[int, Place]]]:
    """Places that runs of tokens reach, nearest first, and what follows each."""
    met: dict[Place, None] = {(START, 0): None}
    for number, place in enumerate(waiting := list(met)):
        if number == most:
            return
        found = following(automaton, vocabulary, place)
        yield place, found
        for to in found.values():
            if to not in met:
                met[to] = None
                waiting.append(to)


def allowed(automaton: Automaton, vocabulary: Vocabulary, place: Place) -> list[int]:
    """The allowed tokens, eos included, ascending."""
    ends = vocabulary.eos if automaton.accepting[place[0]] else ()
    return sorted({*following(automaton, vocabulary, place), *ends})


class Whole:
    """An automaton as a machine whose states come as they are met."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton

    def steps(self, state: int) -> list[Step]:
        automaton = self.automaton
        out = []
        for byte in range(256):
            column = automaton.byte_class[byte]
            to = int(automaton.next[state, column])
            if to != REFUSED:
                out.append(
                    (byte, byte, to, KEEPS if automaton.effect is None else int(automaton.effect[state, column]))
                )
        return out

    def accepting(self, state: int) -> bool:
        return bool(self.automaton.accepting[state])

    def bounds(self, state: int) -> tuple[int, int] | None:
        automaton = self.automaton
        if automaton.least is None or automaton.most is None:
            return None
        found = int(automaton.least[state]), int(automaton.most[state])
        return None if found == (0, UNBOUNDED) else found

    def most_added(self, state: int, length: int) -> int:
        return 0 if self.automaton.effect is None else length * int(self.automaton.effect.max(initial=0))


def automaton_of(dfa: Dfa) -> Automaton:
    """A byte automaton's tables."""
    full = np.zeros((dfa.states + 1, 256), np.int32)
    for state, edges in enumerate(dfa.edges):
        for low, high, to in edges:
            full[state + 1, low : high + 1] = to + 1
    columns, which = np.unique(full, axis=1, return_inverse=True)
    accepting = np.zeros(dfa.states + 1, np.bool_)
    accepting[[state + 1 for state in dfa.accepting]] = True
    return Automaton(which.reshape(-1).astype(np.uint8), np.ascontiguousarray(columns), accepting)


def counted(least: int, most: int) -> Automaton:
    """One "a", then b's between the bounds, then another "a"."""
    classes = np.zeros(256, np.uint8)
    classes[list(b"ab")] = 1, 2
    following = np.array([[0, 0, 0], [0, 2, 0], [0, 3, 2], [0, 0, 0]], np.int32)
    effect = np.array([[0, 0, 0], [0, sets(0), 0], [0, sets(0), 1], [0, 0, 0]], np.int32)
    lows, highs = np.array([0, 0, least, 0], np.int32), np.array([UNBOUNDED, UNBOUNDED, most, UNBOUNDED], np.int32)
    return Automaton(classes, following, np.array([False, False, False, True]), effect, lows, highs)
