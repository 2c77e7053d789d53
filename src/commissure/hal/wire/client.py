"""JSON and event streams over a transport; what is no answer becomes a typed error."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from commissure.hal.errors import MalformedReply
from commissure.hal.keys import redact
from commissure.hal.runtime import Runtime
from commissure.hal.wire.refusals import parsed, refusal, shown
from commissure.hal.wire.sse import event_data
from commissure.hal.wire.transport import Response, Transport

# How long the end of a stream is waited for after its closing event, so that the connection can be used again.
DRAIN_S = 0.2


class Client:
    """Speaks to one endpoint. `headers` are those of its last response."""

    def __init__(self, endpoint: str, transport: Transport, rt: Runtime) -> None:
        self.headers: Mapping[str, str] = {}
        self._endpoint = endpoint
        self._transport = transport
        self._rt = rt

    async def get(self, path: str) -> Any:
        """The JSON answer to a GET."""
        return self._parsed("GET", path, await self._whole("GET", path, None))

    async def get_text(self, path: str) -> str:
        """The text that a GET gives."""
        return (await self._whole("GET", path, None)).decode("utf-8", "replace")

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to a POST."""
        return self._parsed("POST", path, await self._whole("POST", path, body))

    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """The JSON of each server-sent event of a POST, up to `[DONE]` or the end of the stream."""
        async with self._transport.send("POST", path, _bytes(body)) as response:
            await self._check("POST", path, response)
            if "event-stream" not in response.headers.get("content-type", "event-stream"):
                yield await self._no_stream(path, response)
                return
            async with aclosing(event_data(response.pieces)) as events:
                async for data in events:
                    if data.strip() == b"[DONE]":
                        await self._drain(response)
                        return
                    yield self._parsed("POST", path, data)

    async def _no_stream(self, path: str, response: Response) -> Any:
        """What came in the place of a stream: an error object is passed on, anything else is refused."""
        body = self._parsed("POST", path, content := await response.read())
        if isinstance(body, dict) and body.get("error"):
            return body
        raise MalformedReply(self._endpoint, f"{self._what('POST', path)}: asked for a stream, got: {shown(content)}")

    async def _whole(self, method: str, path: str, body: Mapping[str, Any] | None) -> bytes:
        async with self._transport.send(method, path, None if body is None else _bytes(body)) as response:
            await self._check(method, path, response)
            return await response.read()

    async def _check(self, method: str, path: str, response: Response) -> None:
        self.headers = response.headers
        if response.status != 200:
            content = await response.read()
            raise refusal(self._endpoint, self._what(method, path), response.status, response.headers, content)

    async def _drain(self, response: Response) -> None:
        with self._rt.move_on_after(DRAIN_S):
            async for _ in response.pieces:
                pass

    def _parsed(self, method: str, path: str, data: bytes) -> Any:
        return parsed(self._endpoint, self._what(method, path), data)

    def _what(self, method: str, path: str) -> str:
        return redact(f"{method} {self._transport.base_url.rstrip('/')}{path}")


def _bytes(body: Mapping[str, Any]) -> bytes:
    # Escaped to ASCII, so that half a surrogate pair in a prompt is no error here.
    return json.dumps(body, separators=(",", ":")).encode()
