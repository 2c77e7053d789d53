"""A transport that plays recorded exchanges: each piece of an answer comes when it came, in virtual or real time."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import NoReturn

from commissure.hal.errors import NotRecorded
from commissure.hal.record.exchange import Exchange, key_of, sent_body
from commissure.hal.record.nearest import not_recorded
from commissure.hal.record.recording import Recording
from commissure.hal.runtime import Runtime
from commissure.hal.wire.transport import Response

# How long an exchange that we gave up when it was recorded stays silent: until it is given up again, as a rule.
SILENT_S = 60.0


class Player:
    """Answers for one endpoint as its recording did; equal requests get their answers in the order recorded."""

    base_url = "recorded:"

    def __init__(self, recording: Recording, endpoint: str, rt: Runtime) -> None:
        self._path = recording.path
        self._endpoint = endpoint
        self._rt = rt
        self._all = recording.exchanges.get(endpoint, ())
        self._left: dict[str, deque[Exchange]] = {}
        for one in self._all:
            self._left.setdefault(one.key, deque()).append(one)

    async def aclose(self) -> None:
        """Nothing is open."""

    @asynccontextmanager
    async def send(self, method: str, path: str, body: bytes | None = None) -> AsyncIterator[Response]:
        """The recorded answer. Raises what was raised then, and NotRecorded for what was never asked."""
        exchange, began_s = self._next(method, path, sent_body(body)), self._rt.now()
        if exchange.headers_s is None or exchange.status is None:
            await self._end(exchange, began_s)
            self._lost(exchange)
        await self._until(began_s + exchange.headers_s)
        async with aclosing(self._pieces(exchange, began_s)) as pieces:
            yield Response(exchange.status, dict(exchange.headers), pieces)

    def _next(self, method: str, path: str, body: str | None) -> Exchange:
        left = self._left.get(key_of(self._endpoint, method, path, body))
        if left:
            return left.popleft()
        problem = not_recorded(self._all, method, path, body)
        if left is not None:
            times = sum(one.key == key_of(self._endpoint, method, path, body) for one in self._all)
            problem = f"{method} {path} was recorded {times} times with this body, and is asked once more"
        raise NotRecorded(self._endpoint, f"{self._path}: {problem}")

    async def _pieces(self, exchange: Exchange, began_s: float) -> AsyncGenerator[bytes, None]:
        for at_s, piece in exchange.answer():
            await self._until(began_s + at_s)
            yield piece
        await self._end(exchange, began_s)

    async def _end(self, exchange: Exchange, began_s: float) -> None:
        """Return when the answer ended whole, and otherwise raise what ended it."""
        await self._until(began_s + exchange.end_s)
        if exchange.error is not None:
            raise exchange.error.again()
        if exchange.ended == "cut":
            await self._rt.sleep(SILENT_S)
        if exchange.ended != "whole":
            self._lost(exchange)

    def _lost(self, exchange: Exchange) -> NoReturn:
        why = "we gave it up" if exchange.ended == "cut" else "it grew too long to keep"
        problem = f"{exchange.method} {exchange.path} was recorded for {exchange.end_s:.3f} s only, when {why}"
        raise NotRecorded(self._endpoint, f"{self._path}: {problem}")

    async def _until(self, moment_s: float) -> None:
        await self._rt.sleep(max(0.0, moment_s - self._rt.now()))
