"""The server in a thread of this process, or in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.api.server import ApiServer

START_S, STOP_S = 30.0, 10.0
ROOT = Path(__file__).parents[3]


@contextmanager
def api_server(
    name: str,
    *,
    words_per_s: float | None = None,
    first_s: float = 0.0,
    key: str = "",
    models: Sequence[str] = ("test-model",),
) -> Iterator[ApiServer]:
    """A server of that flavour on the loopback, in a daemon thread. Raises at the end what broke within it."""
    server = ApiServer(name, words_per_s=words_per_s, first_s=first_s, key=key, models=models)
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        listening = await server.start()
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(stopped.set))
        ready.set()
        await stopped.wait()
        await server.stop(listening)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name=f"api-{name}", daemon=True)
    thread.start()
    try:
        assert ready.wait(START_S), "the server did not start"
        yield server
    finally:
        for one in stop:
            one()
        thread.join(STOP_S)
    assert not thread.is_alive(), "the server did not stop"
    if server.bugs:
        raise server.bugs[0]


def settled(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """Whether the condition holds, now or within the time: the server hears of a lost client a moment later."""
    ends = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(0.002)
    return True


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """A server in another process, reached over HTTP only."""

    url: str

    def bill(self) -> dict[str, Any]:
        """The totals: requests, calls, cancelled, tokens, faults by name; and what is open and under way."""
        with urllib.request.urlopen(f"{self.url}/_bill", timeout=START_S) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def play(self, *names: str) -> None:
        """As ApiServer.play."""
        self._post({"faults": names})

    def play_share(self, share: float, seed: int, *names: str) -> None:
        """As ApiServer.play_share."""
        self._post({"share": share, "seed": seed, "faults": names})

    def _post(self, body: dict[str, Any]) -> None:
        request = urllib.request.Request(f"{self.url}/_play", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=START_S) as answer:
            assert answer.status == 200


@contextmanager
def api_process(name: str, *arguments: str) -> Iterator[ApiProcess]:
    """`python -m tests.support.api` with these further arguments; it ends with this block, or with this process."""
    with tempfile.TemporaryDirectory() as directory:
        port_file = Path(directory, "port")
        command = [sys.executable, "-m", "tests.support.api", "--flavour", name, "--port-file", str(port_file)]
        process = subprocess.Popen([*command, "--while-stdin-open", *arguments], stdin=subprocess.PIPE, cwd=ROOT)
        try:
            assert settled(lambda: port_file.exists() or process.poll() is not None, START_S)
            assert process.poll() is None, f"no server: exit status {process.poll()}"
            yield ApiProcess(f"http://127.0.0.1:{port_file.read_text()}")
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
