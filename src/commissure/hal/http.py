"""The one module that speaks HTTP, so that a successor of httpx is one import away."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from ipaddress import ip_address
from typing import Any

import httpx

from commissure.hal.errors import EndpointError, UsageError

# Tests turn this off: then only loopback addresses are spoken to.
ALLOW_REMOTE = True
_RETRYABLE_STATUS = frozenset({408, 409, 429})


class HttpClient:
    """JSON over HTTP to one base URL; every fault becomes an EndpointError without secrets in it.

    Connections are not kept alive: llama.cpp closes them after a stream, and the next request on one fails.
    """

    def __init__(self, endpoint: str, base_url: str, timeout_s: float = 600.0) -> None:
        if not ALLOW_REMOTE and not is_loopback(base_url):
            raise UsageError(f"endpoint {endpoint!r}: only loopback addresses are allowed here")
        self._endpoint = endpoint
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_s, connect=10.0),
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def get(self, path: str) -> Any:
        """The JSON answer to a GET."""
        return await self._json("GET", path, None)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a POST."""
        return await self._json("POST", path, body)

    async def events(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """The data of each server-sent event of a POST, up to `[DONE]` or the end of the stream."""
        try:
            async with self._client.stream("POST", path, json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise self._status_error(response)
                response.encoding = "utf-8"  # whatever the header says: JSON is UTF-8
                async for line in response.aiter_lines():
                    if not line.startswith("data:"):
                        continue
                    data = line.removeprefix("data:").strip()
                    if data == "[DONE]":
                        return
                    yield self._parsed(data)
        except httpx.HTTPError as error:
            raise self._transport_error(error) from error

    async def _json(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        try:
            response = await self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise self._transport_error(error) from error
        if response.status_code != 200:
            raise self._status_error(response)
        return self._parsed(response.content)

    def _parsed(self, data: str | bytes) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            shown = data[:200].decode("utf-8", "replace") if isinstance(data, bytes) else data[:200]
            raise EndpointError(self._endpoint, f"expected JSON, got: {shown!r}") from None

    def _status_error(self, response: httpx.Response) -> EndpointError:
        retryable = response.status_code in _RETRYABLE_STATUS or response.status_code >= 500
        shown = response.content[:200].decode("utf-8", "replace")
        problem = f"HTTP {response.status_code}: {shown!r}"
        return EndpointError(self._endpoint, problem, retryable=retryable)

    def _transport_error(self, error: httpx.HTTPError) -> EndpointError:
        return EndpointError(self._endpoint, f"{type(error).__name__}: {error}", retryable=True)


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine only."""
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
