"""A nondeterministic byte automaton made of rules that call each other, one rule a set of values."""

from __future__ import annotations

from commissure.kernels.grammar.languages.dfa import Dfa, Edge


class Rules:
    """States are numbers; a rule has one state in which it begins and one in which it ends.

    `edges[s]` are bytes, `skips[s]` states that follow without a byte, `calls[s]` pairs (rule, state to return to).
    `bounds[s]` are the fewest and most characters of the counted string that a state stands in; from the states in
    `between` a byte that stays in the string begins a character. `needs[s]` are the fewest characters that must still
    begin before that string may end, `bounds_need[s]` the most that any of its states needs.
    """

    def __init__(self) -> None:
        self.edges: list[list[Edge]] = []
        self.skips: list[list[int]] = []
        self.calls: list[list[tuple[int, int]]] = []
        self.bounds: dict[int, tuple[int, int]] = {}
        self.between: set[int] = set()
        self.needs: dict[int, int] = {}
        self.bounds_need: dict[int, int] = {}
        self.begins: list[int] = []
        self.ends: list[int] = []

    def state(self) -> int:
        """A new state."""
        self.edges.append([])
        self.skips.append([])
        self.calls.append([])
        return len(self.edges) - 1

    def rule(self) -> int:
        """A new rule, with two states."""
        self.begins.append(self.state())
        self.ends.append(self.state())
        return len(self.begins) - 1

    def adds(self, at: int, to: int) -> int:
        """How many more characters a counted string has at least, once a byte has led from one state to another."""
        return (at in self.between) + self.needs[to] - self.needs[at]

    def skip(self, at: int, to: int) -> None:
        """`to` follows without a byte."""
        self.skips[at].append(to)

    def call(self, at: int, rule: int, to: int) -> None:
        """A whole value of the rule, then `to`."""
        self.calls[at].append((rule, to))

    def text(self, at: int, text: bytes, to: int) -> None:
        """These bytes, one or more, then `to`."""
        for byte in text[:-1]:
            further = self.state()
            self.edges[at].append((byte, byte, further))
            at = further
        self.edges[at].append((text[-1], text[-1], to))

    def word(self, at: int, dfa: Dfa, to: int) -> None:
        """A word of the automaton over bytes, then `to`."""
        states = [self.state() for _ in dfa.edges]
        self.skip(at, states[0])
        for state, edges in zip(states, dfa.edges, strict=True):
            self.edges[state].extend((low, high, states[aim]) for low, high, aim in edges)
        for end in dfa.accepting:
            self.skip(states[end], to)
