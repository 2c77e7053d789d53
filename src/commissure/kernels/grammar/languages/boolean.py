"""Union, intersection, difference and complement of automata, always trimmed and minimal."""

from __future__ import annotations

from commissure.kernels.grammar.languages.dfa import NOTHING, Dfa, Edge, cuts, merged
from commissure.kernels.grammar.languages.minimal import minimised

HIGHEST = 0x10FFFF


def intersection(one: Dfa, other: Dfa) -> Dfa:
    """Words of both."""
    return _product(one, other, "and")


def union(one: Dfa, other: Dfa) -> Dfa:
    """Words of either."""
    return _product(one, other, "or")


def minus(one: Dfa, other: Dfa) -> Dfa:
    """Words of the first that are not in the second."""
    return _product(one, other, "without")


def complement(dfa: Dfa, highest: int = HIGHEST) -> Dfa:
    """Words over symbols 0 to `highest` that the automaton refuses."""
    return minus(Dfa((((0, highest, 0),),), frozenset({0})), dfa)


def disjoint(one: Dfa, other: Dfa) -> bool:
    """Whether no word is in both."""
    return intersection(one, other).empty


def _product(one: Dfa, other: Dfa, keep: str) -> Dfa:
    """The reachable pairs of states; -1 stands for a side that has refused."""
    pairs: list[tuple[int, int]] = [(0, 0)]
    known = {(0, 0): 0}
    edges: list[tuple[Edge, ...]] = []
    place = 0
    while place < len(pairs):
        left, right = pairs[place]
        place += 1
        mine = one.edges[left] if left >= 0 else ()
        theirs = other.edges[right] if right >= 0 else ()
        out: list[Edge] = []
        for low, high, first, second in _overlaid(mine, theirs):
            if (keep == "and" and (first < 0 or second < 0)) or (keep == "without" and first < 0):
                continue
            pair = (first, second)
            to = known.get(pair, -1)
            if to < 0:
                to = known[pair] = len(pairs)
                pairs.append(pair)
            out.append((low, high, to))
        edges.append(merged(out))
    accepting = frozenset(
        state for (left, right), state in known.items() if _kept(left in one.accepting, right in other.accepting, keep)
    )
    return minimised(Dfa(tuple(edges), accepting)) if accepting else NOTHING


def _overlaid(mine: tuple[Edge, ...], theirs: tuple[Edge, ...]) -> list[tuple[int, int, int, int]]:
    """Intervals on which both sides are constant, each with where either goes."""
    if not theirs:
        return [(low, high, to, -1) for low, high, to in mine]
    if not mine:
        return [(low, high, -1, to) for low, high, to in theirs]
    out: list[tuple[int, int, int, int]] = []
    at = by = 0
    for low, high in cuts((mine, theirs)):
        while at < len(mine) and mine[at][1] < low:
            at += 1
        while by < len(theirs) and theirs[by][1] < low:
            by += 1
        first = mine[at][2] if at < len(mine) and mine[at][0] <= low else -1
        second = theirs[by][2] if by < len(theirs) and theirs[by][0] <= low else -1
        if first >= 0 or second >= 0:
            out.append((low, high, first, second))
    return out


def _kept(left: bool, right: bool, keep: str) -> bool:
    if keep == "and":
        return left and right
    return left or right if keep == "or" else left and not right
