"""Server-sent events, read byte by byte: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, AsyncIterator

# Only these end a line. Python's own splitlines would also cut at U+2028 and the like, which JSON may contain.
_LINE_END = re.compile(rb"\r\n|\n|\r")


async def event_data(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The data of each event as one piece of bytes; comments and other fields are passed over.

    An event that the stream's end cuts short is given all the same: whoever parses it sees that it is broken.
    """
    data: list[bytes] = []
    async for line in _lines(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []
    if data:
        yield b"\n".join(data)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    # The line so far, in parts: put together once, or a long one would take quadratic time.
    parts: list[bytes] = []
    held = b""
    # A stream may begin with a byte order mark, which the standard passes over.
    mark = BOM_UTF8
    async for piece in pieces:
        if not piece:
            continue
        # A return at the very end may be the first half of a pair.
        more, held = held + piece, b"\r" if piece.endswith(b"\r") else b""
        first, *others = _LINE_END.split(more.removesuffix(held))
        parts.append(first)
        for other in others:
            yield b"".join(parts).removeprefix(mark)
            parts, mark = [other], b""
    if (rest := b"".join(parts)) or held:
        yield rest.removeprefix(mark)
