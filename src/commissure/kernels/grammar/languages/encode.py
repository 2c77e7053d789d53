"""Strings as JSON writes them: an automaton over code points becomes one over the bytes between the quotes."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.kernels.grammar.languages.codepoints import SCALARS
from commissure.kernels.grammar.languages.dfa import Dfa, Edge, merged
from commissure.kernels.grammar.languages.minimal import trimmed

Pieces = tuple[Edge, ...]
"""Where each value of a run of values leads, counted from the run's first: a state is known by nothing else."""

_SHORT = {0x08: "b", 0x09: "t", 0x0A: "n", 0x0C: "f", 0x0D: "r", 0x22: '"', 0x5C: "\\"}
"""RFC 8259, section 7, but for the escaped slash."""
_RAW = ((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7F))
_UTF8 = ((0x80, 0x7FF, 1, 0xC0), (0x800, 0xFFFF, 2, 0xE0), (0x10000, 0x10FFFF, 3, 0xF0))
"""Lowest and highest code point, bytes that follow the first, the first byte's mark (RFC 3629)."""
_ESCAPED = ((0x00, 0x1F), (0x7F, 0xFFFF))
"""What may stand as one \\uXXXX; surrogates are in no string, so they need no care."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An automaton over bytes; its states `boundaries` stand between two characters, all others within one."""

    dfa: Dfa
    boundaries: frozenset[int]


def encoded(dfa: Dfa) -> Encoded:
    """The bodies of the JSON strings, without quotes, that stand for the accepted strings.

    Printable ASCII stands for itself only; a quote and a backslash are escaped; control characters are \\b \\f \\n
    \\r \\t or \\u00XX; all from U+007F on are UTF-8 or \\uXXXX, a pair of surrogates above U+FFFF; hexadecimal digits
    are of either case. State s of the trimmed automaton becomes the boundary s.
    """
    whole = trimmed(Dfa(tuple(_clipped(row, SCALARS) for row in dfa.edges), dfa.accepting))
    writer = _Writer(whole)
    return Encoded(Dfa(tuple(writer.edges), whole.accepting), frozenset(range(whole.states)))


class _Writer:
    """The states within characters, one for each different rest of a character."""

    def __init__(self, whole: Dfa) -> None:
        self.edges: list[Pieces] = [() for _ in whole.edges]
        self._known: dict[tuple[str, int, Pieces], int] = {}
        for state, row in enumerate(whole.edges):
            self.edges[state] = self._boundary(row)

    def _boundary(self, row: Pieces) -> Pieces:
        out = list(_clipped(row, _RAW))
        for low, high, tail, mark in _UTF8:
            for first, last, rest in _blocks(_moved(row, low, high, 0), 64**tail):
                out.append((mark + first, mark + last, self._run("utf8", tail, rest)))
        escape = self._escape(row)
        if escape >= 0:
            out.append((0x5C, 0x5C, escape))
        return merged(sorted(out))

    def _escape(self, row: Pieces) -> int:
        """The state after a backslash, or -1."""
        out = [
            (ord(_SHORT[code]), ord(_SHORT[code]), to)
            for low, high, to in row
            if low <= 0x5C
            for code in _SHORT
            if low <= code <= high
        ]
        # A low surrogate completes no character of its own, a high one begins a pair.
        units = list(_clipped(row, _ESCAPED))
        for first, last, rest in _blocks(_moved(row, 0x10000, 0x10FFFF, 0x10000), 0x400):
            units.append((0xD800 + first, 0xD800 + last, self._pair(rest)))
        if units:
            out.append((0x75, 0x75, self._run("hex", 4, merged(sorted(units)))))
        return self._state(("escape", 0, row), merged(sorted(out))) if out else -1

    def _pair(self, rest: Pieces) -> int:
        """The state after a high surrogate whose low ones lead as `rest` says."""
        if ("pair", 0, rest) in self._known:
            return self._known["pair", 0, rest]
        low = self._run("hex", 4, tuple((0xDC00 + low, 0xDC00 + high, to) for low, high, to in rest))
        letter = self._state(("u", 0, rest), ((0x75, 0x75, low),))
        return self._state(("pair", 0, rest), ((0x5C, 0x5C, letter),))

    def _run(self, kind: str, digits: int, pieces: Pieces) -> int:
        """The state in which so many digits are still to come: six bits each in UTF-8, four in hexadecimal."""
        if digits == 0:
            return pieces[0][2]
        key = (kind, digits, pieces)
        if key in self._known:
            return self._known[key]
        size = (64 if kind == "utf8" else 16) ** (digits - 1)
        out: list[Edge] = []
        for first, last, rest in _blocks(pieces, size):
            to = self._run(kind, digits - 1, rest)
            out.extend([(0x80 + first, 0x80 + last, to)] if kind == "utf8" else _hexadecimal(first, last, to))
        return self._state(key, merged(sorted(out)))

    def _state(self, key: tuple[str, int, Pieces], edges: Pieces) -> int:
        if key not in self._known:
            self._known[key] = len(self.edges)
            self.edges.append(edges)
        return self._known[key]


def _hexadecimal(first: int, last: int, to: int) -> list[Edge]:
    out: list[Edge] = []
    for base, low, high in ((0x30, 0, 9), (0x41 - 10, 10, 15), (0x61 - 10, 10, 15)):
        if max(first, low) <= min(last, high):
            out.append((base + max(first, low), base + min(last, high), to))
    return out


def _clipped(row: Pieces, within: tuple[tuple[int, int], ...]) -> Pieces:
    return tuple(
        (max(low, least), min(high, most), to)
        for low, high, to in row
        for least, most in within
        if max(low, least) <= min(high, most)
    )


def _moved(row: Pieces, low: int, high: int, by: int) -> Pieces:
    """The part from low to high, numbered from `by` on."""
    return tuple((least - by, most - by, to) for least, most, to in _clipped(row, ((low, high),)))


def _blocks(pieces: Pieces, size: int) -> list[tuple[int, int, Pieces]]:
    """The first and last of each run of blocks of that size that are alike, with what they hold, counted from 0."""
    out: list[tuple[int, int, Pieces]] = []
    begun, held = -1, list[Edge]()
    for low, high, to in pieces:
        while low <= high:
            block = low // size
            if block != begun:
                _close(out, begun, begun, held)
                begun, held = block, []
            if low == block * size and high >= low + size - 1:
                last = (high + 1) // size - 1
                _close(out, block, last, [(0, size - 1, to)])
                low = (last + 1) * size
            else:
                end = min(high, (block + 1) * size - 1)
                held.append((low - block * size, end - block * size, to))
                low = end + 1
    _close(out, begun, begun, held)
    return out


def _close(out: list[tuple[int, int, Pieces]], first: int, last: int, held: list[Edge]) -> None:
    """Add blocks that hold something, to the run before them if they hold the same."""
    if not held:
        return
    pieces = merged(held)
    if out and out[-1][1] + 1 == first and out[-1][2] == pieces:
        out[-1] = (out[-1][0], last, pieces)
    else:
        out.append((first, last, pieces))
