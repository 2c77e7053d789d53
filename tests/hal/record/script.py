"""A transport that answers as a script says, and what it takes to record and replay one of its answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from commissure.hal.errors import EndpointError
from commissure.hal.journal import Journal
from commissure.hal.record.exchange import Exchange
from commissure.hal.record.player import Player
from commissure.hal.record.recorder import Recorder
from commissure.hal.record.recording import Recording
from commissure.hal.runtime import Runtime
from commissure.hal.wire.transport import Response, Transport

HEADERS = {"content-type": "text/event-stream"}


@dataclass
class Script:
    """Headers after `headers_s`, then each piece after its gap; an error in the place of what would come next."""

    rt: Runtime
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))
    headers_s: float = 0.25
    error: EndpointError | None = None
    refuses: bool = False
    base_url: str = "script:"

    async def aclose(self) -> None:
        pass

    @asynccontextmanager
    async def send(self, method: str, path: str, body: bytes | None = None) -> AsyncIterator[Response]:
        await self.rt.sleep(self.headers_s)
        if self.refuses and self.error:
            raise self.error
        yield Response(self.status, self.headers, self._answer())

    async def _answer(self) -> AsyncGenerator[bytes, None]:
        for gap_s, piece in self.pieces:
            await self.rt.sleep(gap_s)
            yield piece
        if self.error:
            raise self.error


@dataclass
class Heard:
    """What a client got: status, pieces with their times, and how it ended when."""

    status: int | None = None
    headers_s: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    error: EndpointError | None = None
    end_s: float = 0.0


async def ask(rt: Runtime, transport: Transport, body: bytes = b"{}", path: str = "/v1/x") -> Heard:
    """One request to its end, which may be an error."""
    heard, began_s = Heard(), rt.now()
    try:
        async with transport.send("POST", path, body) as response:
            heard.status, heard.headers, heard.headers_s = response.status, dict(response.headers), rt.now() - began_s
            async for piece in response.pieces:
                heard.pieces.append((rt.now() - began_s, piece))
    except EndpointError as error:
        heard.error = error
    heard.end_s = rt.now() - began_s
    return heard


def record(rt: Runtime, path: Path, script: Script, *bodies: bytes, give_up_s: float = 1e6) -> list[Heard]:
    """Record the answers to some requests, one after another."""

    async def main() -> list[Heard]:
        found = []
        with Journal(path) as journal:
            recorder = Recorder(script, "e", rt, journal)
            for body in bodies or (b"{}",):
                with rt.move_on_after(give_up_s):
                    found.append(await ask(rt, recorder, body))
        return found

    return rt.run(main)


def play(rt: Runtime, path: Path, *bodies: bytes, give_up_s: float = 1e6) -> list[Heard]:
    """Replay the answers to some requests, one after another."""

    async def main() -> list[Heard]:
        player = Player(Recording.load(path), "e", rt)
        found = []
        for body in bodies or (b"{}",):
            with rt.move_on_after(give_up_s):
                found.append(await ask(rt, player, body))
        return found

    return rt.run(main)


def only(path: Path) -> Exchange:
    """The one exchange of a file."""
    (exchange,) = Recording.load(path).exchanges["e"]
    return exchange
