"""Reads an ECMA-262 pattern (u flag, with what Annex B tolerates and schemas use) into its tree."""

from __future__ import annotations

import re

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.codepoints import LINE_ENDS, normal, without
from commissure.kernels.grammar.languages.regex import Chain, Choice, Edge, Look, Node, One, Repeat
from commissure.kernels.grammar.languages.regex_escapes import Reader, character_class, escape

_ANY = One(without(LINE_ENDS))
_BRACES = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_HALF = re.compile(r"\{,[0-9]+\}")
_NAME = re.compile(r"\?<([\w$]+)>")
_MOST = 1_000_000
"""A count beyond it is taken for a slip; no automaton would hold it."""


def parsed(pattern: str) -> Node:
    """The tree of a pattern.

    Raises PatternError, with the position, for what is no pattern and for what cannot be a finite automaton.
    """
    reader = Reader(pattern)
    try:
        node = _choice(reader)
    except RecursionError:
        raise PatternError("groups are nested too deeply") from None
    if reader.peek():
        raise reader.wrong("a ) without its (")
    return node


def _choice(reader: Reader) -> Node:
    options = [_chain(reader)]
    while reader.take("|"):
        options.append(_chain(reader))
    return options[0] if len(options) == 1 else Choice(tuple(options))


def _chain(reader: Reader) -> Node:
    parts: list[Node] = []
    while (one := reader.peek()) and one not in "|)":
        begun = reader.place
        parts.append(_repeated(reader, _atom(reader), begun))
    return parts[0] if len(parts) == 1 else Chain(tuple(parts))


def _atom(reader: Reader) -> Node:
    begun, one = reader.place, reader.peek()
    if one in "*+?" or _BRACES.match(reader.pattern, begun):
        raise reader.wrong("nothing to repeat")
    reader.place += 1
    if one == "(":
        return _group(reader, begun)
    if one == "[":
        return One(character_class(reader))
    if one == "\\":
        return _escaped(reader, begun)
    if one == ".":
        return _ANY
    if one in "^$":
        return Edge("start" if one == "^" else "end")
    return One(normal(((ord(one), ord(one)),)))


def _escaped(reader: Reader, begun: int) -> Node:
    one = reader.peek()
    if one in ("b", "B"):
        reader.place += 1
        return Edge("brink" if one == "b" else "inside")
    if one == "k" or ("1" <= one <= "9" and one.isascii()):
        raise reader.wrong(f"the backreference \\{one} is not regular", begun, regular=False)
    found = escape(reader, inside=False)
    return One(normal(((found, found),)) if isinstance(found, int) else found)


def _group(reader: Reader, begun: int) -> Node:
    """What stands in parentheses; the ( has been read."""
    wanted = reader.take("?=")
    negated = not wanted and reader.take("?!")
    if not wanted and not negated:
        _opened(reader, begun)
    body = _choice(reader)
    if not reader.take(")"):
        raise reader.wrong("a ( without its )", begun)
    return Look(body, negated) if wanted or negated else body


def _opened(reader: Reader, begun: int) -> None:
    """Read how a group begins that captures, has a name, or neither; refuse all others."""
    if reader.peek() != "?" or reader.take("?:"):
        return
    if reader.peek(1) == "<" and reader.peek(2) in ("=", "!"):
        raise reader.wrong(f"the lookbehind (?<{reader.peek(2)} is not supported", begun, regular=False)
    if found := _NAME.match(reader.pattern, reader.place):
        reader.place = found.end()
        return
    if reader.peek(1) == "P":
        raise reader.wrong("(?P is Python's; write (?<name>...)", begun)
    if reader.peek(1).isalpha() or reader.peek(1) == "-":
        raise reader.wrong("flags inside a pattern are not supported; write both cases, as [aA]", begun)
    raise reader.wrong(f"(?{reader.peek(1)} is no group of ECMA-262", begun)


def _repeated(reader: Reader, body: Node, begun: int) -> Node:
    bounds = _bounds(reader)
    if bounds is None:
        return body
    if isinstance(body, Edge) and reader.pattern[begun] != "(":
        raise reader.wrong("an assertion cannot be repeated", begun)
    least, most = bounds
    if most is not None and least > most:
        raise reader.wrong(f"{{{least},{most}}} is out of order", begun)
    reader.take("?")
    if _bounds(reader) is not None:
        raise reader.wrong("a repetition of a repetition; put the inner one into (?:...)", begun)
    return Repeat(body, least, most)


def _bounds(reader: Reader) -> tuple[int, int | None] | None:
    """The quantifier that stands here, read; None if there is none."""
    for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
        if reader.take(sign):
            return bounds
    if _HALF.match(reader.pattern, reader.place):
        raise reader.wrong("{,n} means different things to different engines; write {0,n}")
    found = _BRACES.match(reader.pattern, reader.place)
    if found is None:
        return None
    if max(len(found[1]), len(found[3] or "")) > 7 or max(int(found[1]), int(found[3] or 0)) > _MOST:
        raise reader.wrong(f"a count beyond {_MOST:,}")
    reader.place = found.end()
    least = int(found[1])
    return (least, least) if found[2] is None else (least, int(found[3]) if found[3] else None)
