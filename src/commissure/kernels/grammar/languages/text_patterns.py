"""Patterns and formats as sets of strings, with the lengths that they bound kept apart."""

from __future__ import annotations

from functools import lru_cache, reduce

from commissure.kernels.grammar.languages.formats import MOST, format_dfa
from commissure.kernels.grammar.languages.patterns import MOST_STATES, chain_parts, counted_tree
from commissure.kernels.grammar.languages.patterns_subsets import matching
from commissure.kernels.grammar.languages.regex import Chain, Choice, Edge, Look, Node
from commissure.kernels.grammar.languages.regex_parser import parsed
from commissure.kernels.grammar.languages.text import Texts

_START, _END = Edge("start"), Edge("end")


@lru_cache(maxsize=512)
def pattern_texts(pattern: str) -> Texts:
    """The strings in which an ECMA-262 pattern matches somewhere. Raises PatternError as `pattern_dfa` does.

    Options, and lookaheads at the start, are sets of their own: `^(?=.{1,253}$)a` is an intersection, so that a long
    count stays a bound.
    """
    return _texts(parsed(pattern))


def format_texts(name: str) -> Texts | None:
    """The strings of a format; None if it is not known. Raises PatternError as `format_dfa` does."""
    dfa = format_dfa(name)
    return None if dfa is None else Texts.form(dfa, 0, MOST.get(name))


def _texts(node: Node) -> Texts:
    if isinstance(node, Choice):
        return reduce(Texts.__or__, map(_texts, node.options))
    parts = chain_parts(node)
    if len(parts) > 1 and parts[0] == _START:
        second = parts[1]
        if isinstance(second, Look):
            rest, seen = _texts(Chain((_START, *parts[2:]))), _texts(Chain((_START, second.body)))
            return rest - seen if second.negated else rest & seen
        if isinstance(second, Choice) and parts[2:] in ([], [_END]):
            options = [_texts(Chain((_START, option, *parts[2:]))) for option in second.options]
            return reduce(Texts.__or__, options)
    found = counted_tree(node)
    return Texts.form(matching(node, MOST_STATES)) if found is None else Texts.form(*found)
