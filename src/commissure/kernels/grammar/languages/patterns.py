"""Regular expressions as automata: the strings in which a pattern matches somewhere, as JSON Schema asks."""

from __future__ import annotations

from functools import lru_cache

from commissure.kernels.grammar.languages.codepoints import SCALARS, Symbols
from commissure.kernels.grammar.languages.dfa import Dfa, repeated
from commissure.kernels.grammar.languages.patterns_subsets import matching
from commissure.kernels.grammar.languages.regex import Chain, Edge, Node, One, Repeat
from commissure.kernels.grammar.languages.regex_parser import parsed

MOST_STATES = 20_000


@lru_cache(maxsize=512)
def pattern_dfa(pattern: str, most_states: int = MOST_STATES) -> Dfa:
    """All strings of Unicode scalar values in which the ECMA-262 pattern (u flag) matches somewhere.

    Assertions are exact wherever they stand: ^ $ \\b \\B and lookaheads. Raises PatternError for what is no pattern,
    for backreferences and lookbehinds (`regular` false), and for one that would need more than `most_states` states.
    """
    return matching(parsed(pattern), most_states)


def counted(pattern: str) -> tuple[Dfa, int, int | None] | None:
    """A pattern that asks no more than a form and a length: the words of an automaton with least to most symbols.

    Such is an anchored chain of single symbols of which one is repeated, as `^.{0,255}$` or `^[a-z][a-z0-9]*$`, and one
    that repeats any symbol without anchors, as `[^]{2,}`. None for all others. Raises as `pattern_dfa` does.
    """
    return counted_tree(parsed(pattern))


def counted_tree(node: Node) -> tuple[Dfa, int, int | None] | None:
    """`counted` of a pattern's tree."""
    parts = chain_parts(node)
    if len(parts) == 1:
        only = _run(parts[0])
        return (repeated(SCALARS), only[1], None) if only is not None and only[0] == SCALARS else None
    if len(parts) < 3 or parts[0] != Edge("start") or parts[-1] != Edge("end"):
        return None
    runs = [_run(part) for part in parts[1:-1]]
    known = [run for run in runs if run is not None]
    loose = [place for place, run in enumerate(known) if run[1] != run[2] or len(runs) == 1]
    if len(known) < len(runs) or len(loose) != 1:
        return None
    fixed = sum(run[1] for place, run in enumerate(known) if place != loose[0])
    if fixed > _MOST_FIXED:
        return None
    _, least, most = known[loose[0]]
    body = [One(run[0]) for run in known]
    whole = [
        Repeat(one, 0, None) if place == loose[0] else Repeat(one, known[place][1], known[place][1])
        for place, one in enumerate(body)
    ]
    inner = matching(Chain((Edge("start"), *whole, Edge("end"))), MOST_STATES)
    return inner, fixed + least, None if most is None else fixed + most


_MOST_FIXED = 64
"""Symbols beside the repeated one; each costs a state."""


def chain_parts(node: Node) -> list[Node]:
    """The parts of a chain, those of chains in it among them."""
    if not isinstance(node, Chain):
        return [node]
    return [inner for part in node.parts for inner in chain_parts(part)]


def _run(node: Node) -> tuple[Symbols, int, int | None] | None:
    """The set that a part repeats, with its bounds."""
    if isinstance(node, One):
        return node.symbols, 1, 1
    if isinstance(node, Repeat) and isinstance(node.body, One):
        return node.body.symbols, node.least, node.most
    return None
