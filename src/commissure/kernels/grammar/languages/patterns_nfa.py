"""A pattern's tree as a nondeterministic automaton whose empty moves may be guarded by assertions."""

from __future__ import annotations

from commissure.kernels.grammar.errors import PatternTooLarge
from commissure.kernels.grammar.languages.codepoints import SCALARS, Symbols
from commissure.kernels.grammar.languages.regex import Chain, Choice, Edge, Look, Node, One, Repeat

Guard = str | int | None
"""An edge's kind, the number of a lookahead, or None."""


class Nfa:
    """State 0 is the start. `moves[s]` are (number of a set of symbols, to); `jumps[s]` are (guard, to).

    A match need not end where the text does: the last state, `end`, keeps itself on every symbol.
    """

    def __init__(self, node: Node, most_states: int) -> None:
        self.moves: list[list[tuple[int, int]]] = []
        self.jumps: list[list[tuple[Guard, int]]] = []
        self.numbers: dict[Symbols, int] = {}
        self.looks: list[Look] = []
        self.kinds: set[str] = set()
        self._most = most_states
        begin = self._state()
        self.end = self._state()
        self._wire(node, begin, self.end)
        self.moves[self.end].append((self.number(SCALARS), self.end))

    def search(self) -> None:
        """Let a match begin anywhere: the start keeps itself on every symbol."""
        begin = self._state()
        self.moves[begin], self.moves[0] = self.moves[0], [(self.number(SCALARS), 0)]
        self.jumps[begin], self.jumps[0] = self.jumps[0], [(None, begin)]

    def number(self, symbols: Symbols) -> int:
        """The number of a set."""
        return self.numbers.setdefault(symbols, len(self.numbers))

    def _state(self) -> int:
        if len(self.moves) > self._most:
            raise PatternTooLarge(f"its counted repetitions need more than {self._most:,} states")
        self.moves.append([])
        self.jumps.append([])
        return len(self.moves) - 1

    def _wire(self, node: Node, begin: int, end: int) -> None:
        """Lead from `begin` to `end` by the node's words. No loop ever leads back to `begin` that is not its own."""
        if isinstance(node, One):
            if node.symbols:
                self.moves[begin].append((self.number(node.symbols), end))
        elif isinstance(node, Choice):
            for option in node.options:
                self._wire(option, begin, end)
        elif isinstance(node, Chain):
            for part in node.parts[:-1]:
                after = self._state()
                self._wire(part, begin, after)
                begin = after
            if node.parts:
                self._wire(node.parts[-1], begin, end)
            else:
                self.jumps[begin].append((None, end))
        elif isinstance(node, Repeat):
            self._repeat(node, begin, end)
        elif isinstance(node, Edge):
            self.kinds.add(node.kind)
            self.jumps[begin].append((node.kind, end))
        else:
            self.jumps[begin].append((len(self.looks), end))
            self.looks.append(node)

    def _repeat(self, node: Repeat, begin: int, end: int) -> None:
        for _ in range(node.least):
            after = self._state()
            self._wire(node.body, begin, after)
            begin = after
        if node.most is None:
            hub = self._state()
            self.jumps[begin].append((None, hub))
            self._wire(node.body, hub, hub)
            self.jumps[hub].append((None, end))
            return
        for _ in range(node.most - node.least):
            self.jumps[begin].append((None, end))
            after = self._state()
            self._wire(node.body, begin, after)
            begin = after
        self.jumps[begin].append((None, end))
