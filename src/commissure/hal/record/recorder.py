"""A transport that writes down every exchange of another one, each as it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from commissure.hal.errors import EndpointError
from commissure.hal.journal import Journal
from commissure.hal.record.exchange import Ending, Exchange, RaisedError, kept_headers, key_of, sent_body, written
from commissure.hal.runtime import Runtime
from commissure.hal.wire.transport import Response, Transport

# Of one answer; no text is so long, and a run with thousands of calls under way must fit into memory.
MOST_BYTES = 64 * 2**20


@dataclass(slots=True)
class _Seen:
    """What came of one exchange so far; given up by us, unless something else is seen."""

    rt: Runtime
    start_s: float
    response: Response | None = None
    headers_s: float | None = None
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    length: int = 0
    end_s: float | None = None
    ended: Ending = "cut"
    error: RaisedError | None = None

    def now_s(self) -> float:
        return self.rt.now() - self.start_s

    def came(self, piece: bytes) -> None:
        self.length += len(piece)
        if self.length <= MOST_BYTES:
            self.pieces.append((self.now_s(), piece))

    def over(self, ended: Ending, error: EndpointError | None = None) -> None:
        self.end_s, self.ended = self.now_s(), ended
        self.error = RaisedError.of(error) if error else None


class Recorder:
    """Stands between an endpoint and its way there. What was cancelled or failed is kept as far as it came."""

    def __init__(self, transport: Transport, endpoint: str, rt: Runtime, journal: Journal) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._rt = rt
        self._journal = journal

    @property
    def base_url(self) -> str:
        """Where the endpoint is."""
        return self._transport.base_url

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    @asynccontextmanager
    async def send(self, method: str, path: str, body: bytes | None = None) -> AsyncIterator[Response]:
        """Make a request; it is in the file when the block has been left. Raises CommissureError if it cannot be."""
        seen = _Seen(self._rt, self._rt.now())
        try:
            async with self._transport.send(method, path, body) as response:
                seen.response, seen.headers_s = response, seen.now_s()
                async with aclosing(_watched(seen, response)) as pieces:
                    yield Response(response.status, response.headers, pieces)
        except EndpointError as error:
            if seen.response is None:
                seen.over("error", error)
            raise
        finally:
            self._journal.append(self._exchange(seen, method, path, sent_body(body)))

    def _exchange(self, seen: _Seen, method: str, path: str, body: str | None) -> Exchange:
        complete, response = seen.length <= MOST_BYTES, seen.response
        return Exchange(
            endpoint=self._endpoint,
            method=method,
            path=path,
            body=body,
            key=key_of(self._endpoint, method, path, body),
            start_s=seen.start_s,
            status=response.status if response else None,
            headers=kept_headers(response.headers) if response else {},
            headers_s=seen.headers_s,
            pieces=written(seen.pieces),
            end_s=seen.now_s() if seen.end_s is None else seen.end_s,
            ended=seen.ended if complete else "too long",
            error=seen.error if complete else None,
        )


async def _watched(seen: _Seen, response: Response) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(response.pieces):
            async for piece in response.pieces:
                seen.came(piece)
                yield piece
    except EndpointError as error:
        seen.over("error", error)
        raise
    seen.over("whole")
