"""Strings, numbers, null, true and false as rules."""

from __future__ import annotations

from functools import lru_cache

from commissure.kernels.grammar.automaton import UNBOUNDED
from commissure.kernels.grammar.languages.boolean import minus
from commissure.kernels.grammar.languages.dfa import Dfa, literal
from commissure.kernels.grammar.languages.encode import Encoded, encoded
from commissure.kernels.grammar.languages.numbers import integers
from commissure.kernels.grammar.languages.text import Text, Texts, countable
from commissure.kernels.grammar.machine.rules import Rules
from commissure.kernels.grammar.schema.terms import Value

QUOTE = ord('"')
FRACTIONS = Dfa((((0x2D, 0x2D, 0), (0x2E, 0x2E, 1), (0x30, 0x39, 0)), ((0x30, 0x39, 1),)), frozenset({1}))
"""Spellings of numbers with a point."""


def scalars(rules: Rules, at: int, value: Value, to: int, bare: bool) -> None:
    """The scalars of a value, between two states. `bare`: integers have no fraction, as draft 4 has it."""
    if value.null:
        rules.text(at, b"null", to)
    for truth in sorted(value.booleans):
        rules.text(at, b"true" if truth else b"false", to)
    if not value.numbers.empty:
        spelled = value.numbers.dfa()
        if bare and (value.numbers - integers()).empty:
            spelled = minus(spelled, FRACTIONS)
        rules.word(at, spelled, to)
    strings(rules, at, value.texts, to)


def strings(rules: Rules, at: int, texts: Texts, to: int) -> None:
    """The strings of a set, with their quotes."""
    for text in texts.alternatives:
        _string(rules, at, text, to)


def key(rules: Rules, at: int, name: str, to: int) -> None:
    """One member's name, with its quotes."""
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        rules.text(at, b'"' + name.encode() + b'"', to)
        return
    _string(rules, at, Text(literal([ord(character) for character in name])), to)


def _string(rules: Rules, at: int, text: Text, to: int) -> None:
    """A string; where it is bounded its states carry the bounds, and a register counts in place of states."""
    text = countable(text)
    body = _body(text.dfa)
    states = [rules.state() for _ in body.dfa.edges]
    for state, edges in zip(states, body.dfa.edges, strict=True):
        rules.edges[state].extend((low, high, states[aim]) for low, high, aim in edges)
    rules.edges[at].append((QUOTE, QUOTE, states[0]))
    for end in body.dfa.accepting:
        rules.edges[states[end]].append((QUOTE, QUOTE, to))
    if text.least or text.most is not None:
        bounds = (text.least, UNBOUNDED if text.most is None else text.most)
        rules.bounds.update(dict.fromkeys(states, bounds))
        rules.between.update(states[place] for place in body.boundaries)
        needs = _needs(body)
        rules.needs.update(zip(states, needs, strict=True))
        rules.bounds_need.update(dict.fromkeys(states, max(needs)))


def _needs(body: Encoded) -> list[int]:
    """The fewest characters that must begin from each state to one where the string may end."""
    before: list[list[int]] = [[] for _ in body.dfa.edges]
    for state, edges in enumerate(body.dfa.edges):
        for _, _, to in edges:
            before[to].append(state)
    found = [-1] * body.dfa.states
    ring, steps = list(body.dfa.accepting), 0
    while ring:
        after: list[int] = []
        while ring:
            state = ring.pop()
            if found[state] < 0:
                found[state] = steps
                for one in before[state]:
                    (after if one in body.boundaries else ring).append(one)
        ring, steps = after, steps + 1
    return found


@lru_cache(maxsize=4096)
def _body(dfa: Dfa) -> Encoded:
    return encoded(dfa)
