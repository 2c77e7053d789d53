"""The seam below a provider's language: bytes to and fro, over HTTP, or out of a recording."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Response:
    """A response whose body has yet to come, in pieces as they arrive."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes, None]

    async def read(self) -> bytes:
        """The whole body. Raises EndpointError if the connection breaks."""
        return b"".join([piece async for piece in self.pieces])


class Transport(Protocol):
    """Makes requests to one endpoint. Raises EndpointError of a kind that says what happened, without secrets."""

    @property
    def base_url(self) -> str:
        """Where the endpoint is."""

    def send(self, method: str, path: str, body: bytes | None = None) -> AbstractAsyncContextManager[Response]:
        """Make a request; leaving the block closes it."""

    async def aclose(self) -> None:
        """Close every connection."""
