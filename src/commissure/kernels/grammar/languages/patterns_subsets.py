"""Makes a guarded nondeterministic automaton deterministic, assertions decided exactly.

An edge is decided by what stands on either side of it, so a state knows what came before, and a state's empty moves
are followed only once it is known what comes next. A lookahead constrains all that follows: a thread carries it as an
obligation, a state of the lookahead's own automaton, and may end only where that automaton may.
"""

from __future__ import annotations

from commissure.kernels.grammar.errors import PatternTooLarge
from commissure.kernels.grammar.languages.boolean import minus
from commissure.kernels.grammar.languages.codepoints import SCALARS, WORD, normal
from commissure.kernels.grammar.languages.dfa import Dfa, Edge, merged, repeated
from commissure.kernels.grammar.languages.minimal import minimised
from commissure.kernels.grammar.languages.patterns_nfa import Guard, Nfa
from commissure.kernels.grammar.languages.regex import Look, Node

_MOST_WORK = 100
"""Threads a state on average: a search for a long counted repetition carries one for each place it may have begun."""
NONE, OTHER, LETTER = 0, 1, 2
"""What stands beside a place: nothing, a symbol that is none of a word's, one that is."""

Obligations = tuple[tuple[int, int], ...]
"""The number of a lookahead's automaton and its state, ascending."""
Thread = tuple[int, Obligations]
Key = tuple[frozenset[Thread], int]


def matching(node: Node, most_states: int) -> Dfa:
    """All strings in which the pattern matches somewhere."""
    nfa = Nfa(node, most_states)
    nfa.search()
    return Subsets(nfa, most_states).dfa(NONE)


class Subsets:
    """The subset construction of one automaton."""

    def __init__(self, nfa: Nfa, most_states: int) -> None:
        self.nfa = nfa
        self._most = most_states
        self._work = 0
        self._duties: list[Dfa] = []
        self._duty: dict[tuple[int, int], int] = {}
        letters = not nfa.kinds.isdisjoint(("brink", "inside"))
        for number, look in enumerate(nfa.looks):
            letters = self._looked(number, look) or letters
        self._sides = (NONE, OTHER, LETTER) if letters else (NONE, OTHER)
        if letters:
            nfa.number(WORD)
        self._classes()
        self._rows: dict[tuple[Thread, int], list[tuple[int, Thread]]] = {}
        self._closures: dict[tuple[int, int, int], list[tuple[int, tuple[int, ...]]]] = {}
        past = [self._closure(0, before, after) for before in self._sides[1:] for after in self._sides]
        self._anchored = all(state == 0 for closure in past for state, _ in closure)

    def _looked(self, number: int, look: Look) -> bool:
        """Make the lookahead's automata, one for each of what may stand before it; whether it asks for letters."""
        nfa = Nfa(look.body, self._most)
        subsets = Subsets(nfa, self._most)
        alike = not nfa.kinds and not nfa.looks
        for before in (NONE, OTHER, LETTER):
            if alike and before != NONE:
                self._duty[number, before] = self._duty[number, NONE]
                continue
            dfa = subsets.dfa(before)
            self._duty[number, before] = len(self._duties)
            self._duties.append(minus(repeated(SCALARS), dfa) if look.negated else dfa)
            for row in self._duties[-1].edges:
                for aim in {to for _, _, to in row}:
                    self.nfa.number(normal((low, high) for low, high, to in row if to == aim))
        return LETTER in subsets._sides

    def _classes(self) -> None:
        """Symbols that no set tells apart make a class; `_pieces` are all intervals, each with its class."""
        turns: dict[int, int] = {}
        for symbols, number in self.nfa.numbers.items():
            for low, high in symbols:
                turns[low] = turns.get(low, 0) ^ (1 << number)
                turns[high + 1] = turns.get(high + 1, 0) ^ (1 << number)
        ordered = sorted(turns)
        names: dict[int, int] = {}
        self._pieces: list[tuple[int, int, int]] = []
        member = 0
        for place, low in enumerate(ordered[:-1]):
            member ^= turns[low]
            if member:
                name = names.setdefault(member, len(names))
                self._pieces.append((low, ordered[place + 1] - 1, name))
        self._first: list[int] = [0] * len(names)
        for low, _, name in reversed(self._pieces):
            self._first[name] = low
        word = 1 << self.nfa.numbers[WORD] if LETTER in self._sides else 0
        self._side = [LETTER if member & word else OTHER for member in names]
        self._of = [
            [name for member, name in names.items() if member >> number & 1] for number in range(len(self.nfa.numbers))
        ]

    def _closure(self, state: int, before: int, after: int) -> list[tuple[int, tuple[int, ...]]]:
        """Where empty moves lead from a state between two sides, each with the lookaheads that were passed."""
        key = (state, before, after)
        if key in self._closures:
            return self._closures[key]
        found: set[tuple[int, frozenset[int]]] = {(state, frozenset())}
        waiting = list(found)
        while waiting:
            at, looks = waiting.pop()
            for guard, to in self.nfa.jumps[at]:
                if not _open(guard, before, after):
                    continue
                reached = (to, looks | {guard} if isinstance(guard, int) else looks)
                if reached not in found:
                    found.add(reached)
                    waiting.append(reached)
        closure = [(at, tuple(sorted(looks))) for at, looks in found if self.nfa.moves[at]]
        self._closures[key] = closure
        return closure

    def _row(self, thread: Thread, before: int) -> list[tuple[int, Thread]]:
        """Each class of symbols that the thread can read, with what it becomes."""
        key = (thread, before)
        if key in self._rows:
            return self._rows[key]
        row: list[tuple[int, Thread]] = []
        for after in self._sides[1:]:
            for at, looks in self._closure(thread[0], before, after):
                duties = self._added(thread[1], looks, before)
                row.extend(
                    (name, (to, left))
                    for number, to in self.nfa.moves[at]
                    for name in self._of[number]
                    if self._side[name] == after and (left := self._advanced(duties, name)) is not None
                )
        self._rows[key] = row
        return row

    def _added(self, duties: Obligations, looks: tuple[int, ...], before: int) -> Obligations:
        if not looks:
            return duties
        return tuple(sorted({*duties, *((self._duty[look, before], 0) for look in looks)}))

    def _advanced(self, duties: Obligations, name: int) -> Obligations | None:
        """The obligations after a symbol, without those that nothing can break; None if one is broken."""
        left: set[tuple[int, int]] = set()
        for number, state in duties:
            dfa = self._duties[number]
            to = dfa.next(state, self._first[name])
            if to < 0:
                return None
            if not _universal(dfa, to):
                left.add((number, to))
        return tuple(sorted(left))

    def _accepts(self, key: Key) -> bool:
        threads, before = key
        for state, duties in threads:
            for at, looks in self._closure(state, before, NONE):
                kept = self._added(duties, looks, before)
                if at == self.nfa.end and all(place in self._duties[number].accepting for number, place in kept):
                    return True
        return False

    def _reduced(self, threads: set[Thread]) -> frozenset[Thread]:
        """Without the threads that can add nothing."""
        won = (self.nfa.end, ())
        if won in threads:
            return frozenset((won,))
        if self._anchored:
            threads.discard((0, ()))
        return frozenset(threads)

    def dfa(self, before: int) -> Dfa:
        """The least automaton of what may follow, if `before` stands in front."""
        keys: list[Key] = [(frozenset(((0, ()),)), before)]
        known = {keys[0]: 0}
        edges: list[tuple[Edge, ...]] = []
        while len(edges) < len(keys):
            if len(keys) > self._most:
                raise PatternTooLarge(f"it needs more than {self._most:,} states")
            aims = [-1] * len(self._side)
            for name, threads in self._next(keys[len(edges)]).items():
                key = (self._reduced(threads), self._side[name])
                if not key[0]:
                    continue
                to = known.setdefault(key, len(keys))
                if to == len(keys):
                    keys.append(key)
                aims[name] = to
            edges.append(merged((low, high, aims[name]) for low, high, name in self._pieces if aims[name] >= 0))
        return minimised(Dfa(tuple(edges), frozenset(known[key] for key in keys if self._accepts(key))))

    def _next(self, key: Key) -> dict[int, set[Thread]]:
        threads, before = key
        self._work += len(threads)
        if self._work > _MOST_WORK * self._most:
            raise PatternTooLarge(f"its automaton of up to {self._most:,} states takes too long to build")
        table: dict[int, set[Thread]] = {}
        for thread in threads:
            for name, to in self._row(thread, before):
                found = table.get(name)
                if found is None:
                    table[name] = {to}
                else:
                    found.add(to)
        return table


def _open(guard: Guard, before: int, after: int) -> bool:
    if guard is None or isinstance(guard, int):
        return True
    if guard == "start":
        return before == NONE
    if guard == "end":
        return after == NONE
    return ((before == LETTER) != (after == LETTER)) == (guard == "brink")


def _universal(dfa: Dfa, state: int) -> bool:
    """Whether every word is accepted from the state; of a least automaton."""
    return state in dfa.accepting and dfa.edges[state] == tuple((low, high, state) for low, high in SCALARS)
