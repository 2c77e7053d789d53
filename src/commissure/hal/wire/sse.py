"""Server-sent events, read byte by byte: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from __future__ import annotations

import re
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
    rest = b""
    async for piece in pieces:
        if not piece:
            continue
        rest += piece
        # A return at the very end may be the first half of a pair.
        held = b"\r" if rest.endswith(b"\r") else b""
        *whole, rest = _LINE_END.split(rest.removesuffix(held))
        rest += held
        for line in whole:
            yield line
    if rest:
        yield rest.removesuffix(b"\r")
