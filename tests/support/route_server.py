"""A loopback HTTP server with an answer for each path, that remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Route:
    """A status, a body and headers. With `silent` the answer never begins."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False


@dataclass
class Served:
    """Where the server is, and what it was asked: path, headers, body."""

    url: str
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def posts(self) -> list[tuple[str, dict[str, str], Any]]:
        return [one for one in self.asked if one[2] is not None]


def sse(*events: Any) -> Route:
    """A stream of these events, closed as OpenAI closes one."""
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return Route("".join([*lines, "data: [DONE]\n\n"]).encode())


def models(*names: str) -> Route:
    return Route(json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode())


@contextmanager
def route_server(routes: Mapping[str, Route]) -> Iterator[Served]:
    """Serve `routes` by path; another path is answered by 404 without JSON."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append((self.path, headers, json.loads(body) if body else None))
            route = routes.get(self.path, Route(b"Not Found", 404))
            if route.silent:
                stop.wait(30)
                return
            self.send_response(route.status)
            for name, value in {**route.headers, "content-length": str(len(route.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(route.body)

        do_GET = do_POST = answer

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Served(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
