"""A deterministic automaton over intervals of symbols: code points or bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[int, int, int]
"""Lowest symbol, highest symbol, the state that they lead to."""


@dataclass(frozen=True, slots=True)
class Dfa:
    """A partial automaton. State 0 is the start; what no edge names is refused.

    `edges[s]` are state s's intervals, disjoint and ascending; `accepting` the states in which a word may end.
    """

    edges: tuple[tuple[Edge, ...], ...]
    accepting: frozenset[int]

    @property
    def states(self) -> int:
        """How many states."""
        return len(self.edges)

    def next(self, state: int, symbol: int) -> int:
        """The state that the symbol leads to, or -1."""
        for low, high, to in self.edges[state]:
            if low <= symbol <= high:
                return to
        return -1

    def accepts(self, word: Iterable[int]) -> bool:
        """Whether the word, as symbols, is in the language."""
        state = 0
        for symbol in word:
            state = self.next(state, symbol)
            if state < 0:
                return False
        return state in self.accepting

    @property
    def empty(self) -> bool:
        """Whether no word is accepted; true only of automata that `trimmed` has seen."""
        return not self.accepting


NOTHING = Dfa(((),), frozenset())
"""Accepts no word."""


def literal(word: Sequence[int]) -> Dfa:
    """Accepts one word."""
    edges = [((symbol, symbol, place + 1),) for place, symbol in enumerate(word)]
    return Dfa((*edges, ()), frozenset({len(word)}))


def repeated(intervals: Iterable[tuple[int, int]]) -> Dfa:
    """Accepts any number of symbols of the intervals (disjoint, ascending)."""
    return Dfa((tuple((low, high, 0) for low, high in intervals),), frozenset({0}))


def words(dfa: Dfa, most: int) -> list[tuple[int, ...]] | None:
    """All words of the language, or None if there are more than `most`. The automaton must be trimmed."""
    found: list[tuple[int, ...]] = []
    waiting: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    while waiting:
        state, word = waiting.pop()
        if len(word) > dfa.states or len(found) + len(waiting) > most:
            return None
        if state in dfa.accepting:
            found.append(word)
        for low, high, to in dfa.edges[state]:
            if high - low + len(waiting) >= most:
                return None
            waiting.extend((to, (*word, symbol)) for symbol in range(low, high + 1))
    return sorted(found) if len(found) <= most else None


def cuts(groups: Iterable[Sequence[Edge]]) -> Iterator[tuple[int, int]]:
    """The coarsest intervals on which every group of edges is constant; gaps that no edge covers are left out."""
    starts: set[int] = set()
    for edges in groups:
        for low, high, _ in edges:
            starts.add(low)
            starts.add(high + 1)
    ordered = sorted(starts)
    yield from ((low, above - 1) for low, above in pairwise(ordered))


def merged(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """Ascending edges, neighbours with one aim made one."""
    out: list[Edge] = []
    for low, high, to in edges:
        if out and out[-1][2] == to and out[-1][1] + 1 == low:
            out[-1] = (out[-1][0], high, to)
        else:
            out.append((low, high, to))
    return tuple(out)
