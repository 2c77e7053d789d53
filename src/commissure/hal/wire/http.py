"""The one module that speaks HTTP, so that a successor of httpx is one import away."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import ip_address

import httpx

from commissure.hal.errors import (
    Disconnected,
    EndpointError,
    MalformedReply,
    NoAnswerInTime,
    TruncatedStream,
    Unreachable,
    UsageError,
)
from commissure.hal.keys import Key, redact
from commissure.hal.wire.transport import Response

# Tests turn this off: then only loopback addresses are spoken to.
ALLOW_REMOTE = True
CONNECT_S = 10.0
# What a server does that has closed an idle connection just when we used it again (httpcore's own words).
_STALE = "Server disconnected without sending a response"


# Of one answer; none is so long, and one without an end must not fill the memory.
MOST_BYTES = 256 * 2**20
# Requests at once by one pool of connections.
A_POOL = 32


@dataclass(slots=True, eq=False)
class _Pool:
    """A client with connections of its own, and how many requests it has under way."""

    client: httpx.AsyncClient
    used: int = 0


@lru_cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust; read once, for it takes 20 ms."""
    return httpx.create_ssl_context()


class HttpTransport:
    """Requests to one base URL; every fault becomes an EndpointError without secrets in it.

    `timeout_s` is how long the endpoint may stay silent. Without `keep_alive` each request has its own connection.
    """

    def __init__(
        self,
        endpoint: str,
        base_url: str,
        *,
        key: Key | None = None,
        key_header: str = "authorization",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
        keep_alive: bool = True,
    ) -> None:
        try:
            _ = httpx.URL(base_url).host
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError(f"endpoint {endpoint!r}: base_url is none: {error}") from None
        if not ALLOW_REMOTE and not is_loopback(base_url):
            raise UsageError(f"endpoint {endpoint!r}: only loopback addresses are allowed here")
        self.base_url = base_url
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        sent = {**(headers or {}), **({key_header: key.header_value(key_header)} if key else {})}
        self._make = partial(
            httpx.AsyncClient,
            base_url=base_url,
            headers={**sent, "accept-encoding": "identity"},
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_S, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=A_POOL if keep_alive else 0),
            verify=_certificates() if base_url.startswith("https:") else False,
            trust_env=False,
        )
        self._pools: list[_Pool] = []

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.client.aclose()

    @asynccontextmanager
    async def send(self, method: str, path: str, body: bytes | None = None) -> AsyncIterator[Response]:
        """Make a request; the connection is closed with the block if the answer was not read to its end."""
        pool = self._free_pool()
        pool.used += 1
        try:
            response = await self._open(pool.client, method, path, body)
            pieces = self._pieces(response)
            try:
                yield Response(response.status_code, dict(response.headers), pieces)
            finally:
                await pieces.aclose()
                await response.aclose()
        finally:
            pool.used -= 1

    def _free_pool(self) -> _Pool:
        """One with room. httpcore looks at every connection of a pool for each request, so that large ones are slow."""
        for pool in self._pools:
            if pool.used < A_POOL:
                return pool
        self._pools.append(_Pool(self._make()))
        return self._pools[-1]

    async def _open(self, client: httpx.AsyncClient, method: str, path: str, body: bytes | None) -> httpx.Response:
        headers = {"content-type": "application/json"} if body is not None else {}
        connected: list[str] = []

        async def trace(event: str, info: object) -> None:
            if event.endswith("connect_tcp.started"):
                connected.append(event)

        request = client.build_request(method, path, content=body, headers=headers, extensions={"trace": trace})
        try:
            try:
                return await client.send(request, stream=True)
            except httpx.RemoteProtocolError as error:
                # A connection of its own was not idle: the request was taken, and may be billed.
                if connected or _STALE not in str(error):
                    raise
                return await client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise self._fault(error, f"{method} {path}") from None

    async def _pieces(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        try:
            # Some compress although it was asked not to be.
            whole = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
            length = 0
            async for piece in whole:
                length += len(piece)
                if length > MOST_BYTES:
                    raise MalformedReply(self._endpoint, f"an answer of more than {MOST_BYTES >> 20} MiB: given up")
                yield piece
        except httpx.DecodingError as error:
            coding = response.headers["content-encoding"]
            raise MalformedReply(self._endpoint, redact(f"the answer is not {coding}, as it says: {error}")) from None
        except httpx.TimeoutException as error:
            raise self._fault(error, "the answer") from None
        except httpx.HTTPError as error:
            problem = f"the connection broke in the middle of the answer ({type(error).__name__})"
            raise TruncatedStream(self._endpoint, problem) from None

    def _fault(self, error: httpx.HTTPError, what: str) -> EndpointError:
        name, shown = type(error).__name__, redact(f"{self.base_url} {what}")
        if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
            problem = f"{shown}: silent for {self._timeout_s:g} s"
            return NoAnswerInTime(self._endpoint, problem, retryable=True)
        reason = redact(f"{name}: {error}".rstrip(": "))
        if isinstance(error, httpx.ReadError | httpx.RemoteProtocolError):
            return Disconnected(self._endpoint, f"{shown}: {reason}", retryable=True)
        advice = _advice(str(error))
        return Unreachable(self._endpoint, f"{shown}: {reason}{advice}", retryable=not advice)


def _advice(reason: str) -> str:
    """What to do about an error of the connection that no retry mends."""
    if "CERTIFICATE" in reason.upper():
        return "; the server's certificate is not trusted here"
    if "WRONG_VERSION_NUMBER" in reason.upper() or "record layer failure" in reason:
        return "; it does not speak TLS: is base_url to begin with http://?"
    if "name or service not known" in reason.lower() or "getaddrinfo" in reason:
        return "; there is no such host: is base_url right?"
    return ""


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine only."""
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
