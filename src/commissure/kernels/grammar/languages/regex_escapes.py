"""Escapes and classes of ECMA-262 patterns with the u flag (section 22.2.1), and of Annex B what is plain."""

from __future__ import annotations

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.codepoints import DIGITS, SPACES, WORD, Symbols, named, normal, without

_SETS: dict[str, Symbols] = {
    "d": DIGITS,
    "w": WORD,
    "s": SPACES,
    "D": without(DIGITS),
    "W": without(WORD),
    "S": without(SPACES),
}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_FOREIGN = {
    "A": "\\A is not ECMA-262; write ^",
    "Z": "\\Z is not ECMA-262; write $",
    "z": "\\z is not ECMA-262; write $",
}
_HEX = frozenset("0123456789abcdefABCDEF")


class Reader:
    """A pattern and the place that has been read up to."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0

    def peek(self, ahead: int = 0) -> str:
        """The character there, or "" past the end."""
        place = self.place + ahead
        return self.pattern[place] if place < len(self.pattern) else ""

    def take(self, text: str) -> bool:
        """Whether the text stands here; if so it has been read."""
        if not self.pattern.startswith(text, self.place):
            return False
        self.place += len(text)
        return True

    def wrong(self, reason: str, at: int | None = None, *, regular: bool = True) -> PatternError:
        """The error that names the place."""
        place = self.place if at is None else at
        shown = self.pattern if len(self.pattern) <= 80 else f"...{self.pattern[max(0, place - 30) : place + 30]}..."
        return PatternError(f"{reason} (at character {place} of {shown!r})", regular=regular)


def escape(reader: Reader, inside: bool) -> Symbols | int:
    """What the escape after a backslash stands for: a set, or one code point (a lone surrogate may be among them)."""
    begun = reader.place - 1
    one = reader.peek()
    if not one:
        raise reader.wrong("the pattern ends in a backslash", begun)
    reader.place += 1
    if one in _SETS:
        return _SETS[one]
    if one in "pP":
        return _property(reader, one == "P", begun)
    if one in _CONTROLS:
        return _CONTROLS[one]
    if one == "b" and inside:
        return 8
    if one == "c" and reader.peek().isascii() and reader.peek().isalpha():
        reader.place += 1
        return ord(reader.pattern[reader.place - 1]) % 32
    if one == "x":
        return _hex(reader, 2, begun)
    if one == "u":
        return _unicode(reader, begun)
    if one == "0" and not reader.peek().isdigit():
        return 0
    if one.isascii() and one.isalnum():
        reason = _FOREIGN.get(one, f"the escape \\{one} is not ECMA-262")
        raise reader.wrong(reason, begun)
    return ord(one)


def _hex(reader: Reader, digits: int, begun: int) -> int:
    text = reader.pattern[reader.place : reader.place + digits]
    if len(text) < digits or not _HEX.issuperset(text):
        raise reader.wrong(f"{digits} hexadecimal digits are wanted", begun)
    reader.place += digits
    return int(text, 16)


def _unicode(reader: Reader, begun: int) -> int:
    if reader.take("{"):
        end = reader.pattern.find("}", reader.place)
        text = reader.pattern[reader.place : end]
        if end < 0 or not text or not _HEX.issuperset(text) or int(text, 16) > 0x10FFFF:
            raise reader.wrong("\\u{...} wants a code point in hexadecimal", begun)
        reader.place = end + 1
        return int(text, 16)
    code = _hex(reader, 4, begun)
    if 0xD800 <= code <= 0xDBFF and reader.take("\\u"):
        low = _hex(reader, 4, begun) if reader.peek() != "{" else 0
        if 0xDC00 <= low <= 0xDFFF:
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        reader.place -= 6 if low else 2
    return code


def _property(reader: Reader, negated: bool, begun: int) -> Symbols:
    end = reader.pattern.find("}", reader.place)
    if reader.peek() != "{" or end < 0:
        raise reader.wrong("\\p wants a property in braces, as \\p{L}", begun)
    name = reader.pattern[reader.place + 1 : end]
    reader.place = end + 1
    symbols = named(name)
    if symbols is None:
        raise reader.wrong(f"the property {name!r} is not known here: only general categories and a few more", begun)
    return without(symbols) if negated else symbols


def character_class(reader: Reader) -> Symbols:
    """The set of a class; its [ has been read."""
    begun = reader.place - 1
    negated = reader.take("^")
    found: list[tuple[int, int]] = []
    while not reader.take("]"):
        low = _member(reader, begun)
        if reader.peek() == "-" and reader.peek(1) not in ("]", ""):
            at = reader.place
            reader.place += 1
            high = _member(reader, begun)
            if isinstance(low, int) and isinstance(high, int):
                if low > high:
                    raise reader.wrong("a range out of order", at)
                found.append((low, high))
                continue
            # A set has no place in a range: Annex B takes the three apart, as most engines do.
            found.extend((*_intervals(low), (0x2D, 0x2D), *_intervals(high)))
        else:
            found.extend(_intervals(low))
    symbols = normal(found)
    return without(symbols) if negated else symbols


def _member(reader: Reader, begun: int) -> Symbols | int:
    one = reader.peek()
    if not one:
        raise reader.wrong("a class without its ]", begun)
    if one == "[" and reader.peek(1) in (":", ".", "=") and reader.pattern.find(f"{reader.peek(1)}]", reader.place) > 0:
        raise reader.wrong("a POSIX class is not ECMA-262; write its ranges, or \\p{...}")
    reader.place += 1
    return escape(reader, inside=True) if one == "\\" else ord(one)


def _intervals(member: Symbols | int) -> Symbols:
    return ((member, member),) if isinstance(member, int) else member
