"""A text in pieces of so many tokens, cut where it breaks by itself; the pieces joined are the text."""

from __future__ import annotations

from collections.abc import Iterator

from commissure.hal.errors import UsageError
from commissure.policies.recursion.ask import CHARACTERS_A_TOKEN

# A paragraph, a line, a word; each but the line only in the further half of a piece, so that pieces stay long.
_PARAGRAPH, _LINE, _WORD = "\n\n", "\n", " "


def chunks(text: str, chunk_tokens: int, *, lines: bool = False) -> list[str]:
    """Pieces of at most `chunk_tokens`, at four characters each (assumed): cut after a paragraph, else a line, a word.

    With `lines` the text is lines, each a whole: pieces are cut after lines only, and a line that is longer than a
    piece anywhere. No character is lost or doubled. Raises UsageError for a size below 1.
    """
    if chunk_tokens < 1:
        raise UsageError(f"chunk_tokens is a number of tokens from 1 on, not {chunk_tokens}")
    return list(_cut(text, chunk_tokens * CHARACTERS_A_TOKEN, lines=lines))


def _cut(text: str, room: int, *, lines: bool) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = len(text) if len(text) - begin <= room else _border(text, begin, begin + room, lines=lines)
        yield text[begin:end]
        begin = end


def _border(text: str, begin: int, end: int, *, lines: bool) -> int:
    """Where a piece that may reach to `end` ends; always beyond `begin`."""
    half = begin + (end - begin) // 2
    wanted = [(_LINE, begin)] if lines else [(_PARAGRAPH, half), (_LINE, begin), (_WORD, half)]
    for border, least in wanted:
        found = text.rfind(border, least, end)
        if found >= 0:
            return found + len(border)
    return end
