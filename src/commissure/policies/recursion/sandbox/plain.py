"""Values that cross a sandbox's border: plain data of a bounded size; everything else leaves by its name only."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any

# Beyond this Python itself refuses to write an integer out.
MOST_BITS = 14_000
MOST_VALUES = 200_000
MOST_CHARS = 64 * 2**20
MOST_DEPTH = 100
_WRITTEN = (date, time, timedelta, Decimal, PurePath, range, complex)


class TooLarge(ValueError):
    """A value that would take too much of whoever reads it."""


def leaving(value: Any) -> Any:
    """The value where it is data all through; what is not is a text in it. Raises TooLarge.

    A value counts as often as it is met: one list of itself forty times over is small in the sandbox, and endless for
    whoever walks through it.
    """
    return _Crossing(strict=False).of(value, 0)


def shown(value: Any) -> Any:
    """The value as it leaves, or a text that says why it does not."""
    try:
        return leaving(value)
    except TooLarge as error:
        return f"<a {type(value).__name__} that cannot leave: {error}>"


def entering(value: Any) -> Any:
    """The value as a sandbox can take it. Raises TypeError or ValueError for what it cannot."""
    return _Crossing(strict=True).of(value, 0)


class _Crossing:
    """One way through a value, which counts what it meets. `strict` refuses what is not data."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._values = 0
        self._chars = 0
        # Containers that were met, by id: what became of them, their values, characters and height.
        self._met: dict[int, tuple[Any, int, int, int]] = {}
        self._deepest = 0

    def of(self, value: Any, depth: int) -> Any:
        """What becomes of a value at this depth."""
        self._count(1, 0, depth)
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, (str, bytes)):
            return self._text(value, depth)
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, (list, tuple, dict, set, frozenset)):
            return self._container(value, depth)
        return self._other(value)

    def _count(self, values: int, chars: int, depth: int) -> None:
        self._values += values
        self._chars += chars
        self._deepest = max(self._deepest, depth)
        if self._values > MOST_VALUES:
            raise TooLarge(f"it holds more than {MOST_VALUES:,} values")
        if self._chars > MOST_CHARS:
            raise TooLarge(f"it holds more than {MOST_CHARS:,} characters")
        if depth > MOST_DEPTH:
            raise TooLarge(f"it is nested deeper than {MOST_DEPTH}")

    def _container(self, value: Any, depth: int) -> Any:
        """Those within it are walked through once, and count each time."""
        if id(value) in self._met:
            made, values, chars, height = self._met[id(value)]
            self._count(values, chars, depth + height)
            return made
        values, chars, deepest = self._values, self._chars, self._deepest
        self._deepest = depth
        made = self._made(value, depth + 1)
        self._met[id(value)] = made, self._values - values, self._chars - chars, self._deepest - depth
        self._deepest = max(deepest, self._deepest)
        return made

    def _made(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return {self.of(key, depth): self.of(one, depth) for key, one in value.items()}
        kind = next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))
        return kind([self.of(one, depth) for one in value])

    def _text(self, value: str | bytes, depth: int) -> str | bytes:
        self._count(0, len(value), depth)
        if self._strict and isinstance(value, str) and not value.isascii():
            value.encode()
        return value

    def _integer(self, value: int) -> int | str:
        if value.bit_length() <= MOST_BITS:
            return value
        said = f"<an integer of {value.bit_length():,} bits>"
        if self._strict:
            raise TooLarge(said)
        return said

    def _other(self, value: Any) -> str:
        if self._strict:
            raise TypeError(f"a {type(value).__name__} is no plain data (text, numbers, lists, dicts)")
        # Not repr() of just anything: that of an object writes out all that it holds.
        if isinstance(value, _WRITTEN):
            return str(value)
        # Of an object the class's name comes across, of a function or a module nothing else.
        return f"<{getattr(value, 'name', type(value).__name__)} object>"
