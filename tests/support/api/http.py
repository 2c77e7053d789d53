"""HTTP/1.1 by hand on asyncio.Protocol: keep-alive, Content-Length, chunked answers, and every way to break them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

MOST_HEAD, MOST_BODY = 65_536, 64_000_000
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: header names in lower case, the query without its question mark."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Malformed(Exception):
    """What came is not a request that this server reads; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status


def parse_head(head: bytes) -> Request:
    """The request line and headers of `head`, with an empty body. Raises Malformed."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise Malformed(400)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed(400)
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise Malformed(411)
    if not headers.get("content-length", "0").isdigit():
        raise Malformed(400)
    path, _, query = words[1].partition("?")
    return Request(words[0], path, query, headers, b"")


def head_of(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and headers, with the empty line after them. 529 and such have no standard phrase."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked transfer encoding (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client's connection: reads requests one after the other, and gives each to `answer`."""

    transport: asyncio.Transport

    def __init__(self, answer: Callable[[Connection, Request], Awaitable[None]], known: set[Connection]) -> None:
        self._answer = answer
        self._known = known
        self._buffer = bytearray()
        self._head: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._known.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._known.discard(self)
        self.resume_writing()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._task is None:
            self._next()

    def _next(self) -> None:
        """Starts on the next request, if it is here as a whole."""
        try:
            request = self._take()
        except Malformed as error:
            self.write(head_of(error.status, {"content-length": "0", "connection": "close"}))
            self.transport.close()
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._serve(request))

    def _take(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n", 0, MOST_HEAD)
            if end < 0:
                if len(self._buffer) >= MOST_HEAD:
                    raise Malformed(431)
                return None
            self._head = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if self._head.headers.get("expect", "").lower() == "100-continue":
                self.write(CONTINUE)
        head, length = self._head, int(self._head.headers.get("content-length", "0"))
        if length > MOST_BODY:
            raise Malformed(413)
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._head = None
        return Request(head.method, head.path, head.query, head.headers, body)

    async def _serve(self, request: Request) -> None:
        await self._answer(self, request)
        self._task = None
        if request.headers.get("connection", "").lower() == "close":
            self.transport.close()
        elif self._buffer and not self.transport.is_closing():
            self._next()

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def write(self, data: bytes) -> None:
        """To the client, or nowhere once it has gone."""
        if not self.transport.is_closing():
            self.transport.write(data)

    async def drain(self) -> None:
        """Waits while the client takes nothing more."""
        if self._writable is not None:
            await self._writable

    def reply(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer with its Content-Length."""
        self.write(head_of(status, {**headers, "content-length": str(len(body))}) + body)

    def reset(self) -> None:
        """Breaks the connection with a TCP reset: what was not yet read by the client may be lost to it."""
        raw = self.transport.get_extra_info("socket")
        # With lingering on for zero seconds, closing sends RST instead of FIN (socket(7)).
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def gone(self) -> None:
        """Never returns: is cancelled when the client has gone."""
        await asyncio.get_running_loop().create_future()
