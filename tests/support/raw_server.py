"""A loopback server that answers every request with given bytes, and may keep the connection open after them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def framed(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A response that ends with its connection."""
    return "\r\n".join([f"HTTP/1.1 {status}", "connection: close", *headers, "", ""]).encode() + body


@contextmanager
def raw_server(
    answer: bytes, *, over_and_over: bytes = b"", held: bool = False, came: list[str] | None = None
) -> Iterator[str]:
    """`over_and_over` is sent after the answer until the client goes; with `held` the connection then stays open.

    `came` takes the first line of each request.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                line = _read(connection)
                if came is not None:
                    came.append(line)
                connection.sendall(answer)
                while over_and_over and not stop.is_set():
                    connection.sendall(over_and_over)
                if held:
                    stop.wait(30)
            except OSError:
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _read(connection: socket.socket) -> str:
    """The first line of a request that is read in whole: to close a connection with bytes unread would reset it."""
    with connection.makefile("rb") as lines:
        first, length = lines.readline().decode(), 0
        while (line := lines.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        lines.read(length)
        return first
