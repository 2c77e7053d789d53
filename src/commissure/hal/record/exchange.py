"""One line of exchanges.jsonl: a request, and its answer piece by piece with the time of each. No secrets."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from commissure.hal import errors
from commissure.hal.errors import EndpointError
from commissure.hal.keys import redact, redact_bytes

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Coding = Literal["text", "base64"]
# whole: to its end. cut: given up by us before that. error: ended by the endpoint or the way to it. too long: what came
# later was not kept.
Ending = Literal["whole", "cut", "error", "too long"]
# Response headers that a replay needs; all others stay out, cookies and account names among them.
_KEPT = ("content-type", "date", "x-should-retry")
_KEPT_BEGINNINGS = ("retry-after", "x-ratelimit-", "anthropic-ratelimit-")


class Record(BaseModel):
    """Frozen, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RaisedError(Record):
    """An EndpointError as data: its type's name, its message, and its own plain fields."""

    name: str
    message: str
    fields: Mapping[str, str | int | float | bool | None]

    @model_validator(mode="after")
    def _known(self) -> Self:
        self._class()
        return self

    @classmethod
    def of(cls, error: EndpointError) -> RaisedError:
        """What is needed to raise the error again, without keys."""
        fields = {
            name: redact(value) if isinstance(value, str) else value
            for name, value in vars(error).items()
            if value is None or isinstance(value, str | int | float | bool)
        }
        return cls(name=type(error).__name__, message=redact(str(error)), fields=fields)

    def again(self) -> EndpointError:
        """The error again, of the same type, with the same message and fields."""
        kind = self._class()
        # Types differ in how they are made, but an error is no more than its message and its fields.
        error = kind.__new__(kind, self.message)
        vars(error).update(self.fields)
        return error

    def _class(self) -> type[EndpointError]:
        found = getattr(errors, self.name, None)
        if not (isinstance(found, type) and issubclass(found, EndpointError)):
            raise ValueError(f"there is no endpoint error named {self.name!r}")
        return found


class Exchange(Record):
    """A request and what came of it. Times are seconds since `start_s`, which is on the run's clock.

    `body` is the JSON that was sent; `key` tells equal requests. `headers_s` is when the answer's headers came, None
    where none did. `pieces` are the body's: when each came, its content, and how that is written. `end_s` is when the
    exchange was over, which `ended` says how.
    """

    endpoint: str
    method: str
    path: str
    body: str | None
    key: str
    start_s: Annotated[float, Field(allow_inf_nan=False)]
    status: int | None = None
    headers: Mapping[str, str] = {}
    headers_s: Seconds | None = None
    pieces: tuple[tuple[Seconds, str, Coding], ...] = ()
    end_s: Seconds
    ended: Ending
    error: RaisedError | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        times = [at_s for at_s, _, _ in self.pieces]
        if self.headers_s is not None:
            times.insert(0, self.headers_s)
        if any(later < earlier for earlier, later in pairwise([*times, self.end_s])):
            raise ValueError("the times of headers_s, pieces and end_s must not go back")
        if (self.ended == "error") != (self.error is not None):
            raise ValueError('error is given where ended is "error", and only there')
        answered = self.headers_s is not None and self.status is not None
        if not answered and (self.pieces or self.ended == "whole" or self.headers_s is not None):
            raise ValueError("an answer needs its status and headers_s")
        for _, content, coding in self.pieces:
            _decoded(content, coding)
        return self

    def answer(self) -> list[tuple[float, bytes]]:
        """The pieces of the body as they came, each with its time."""
        return [(at_s, _decoded(content, coding)) for at_s, content, coding in self.pieces]


def sent_body(body: bytes | None) -> str | None:
    """A request's body as it is recorded and compared: JSON in one form, without keys."""
    if body is None:
        return None
    try:
        return json.dumps(_without_keys(json.loads(body)), separators=(",", ":"))
    except (ValueError, RecursionError):
        return redact(body.decode("utf-8", "backslashreplace"))


def key_of(endpoint: str, method: str, path: str, body: str | None) -> str:
    """The same for equal requests, in whatever order the fields of their bodies stand."""
    try:
        canonical = body if body is None else json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        canonical = body
    return sha256(json.dumps([endpoint, method, path, canonical]).encode()).hexdigest()[:32]


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The response headers that may be recorded."""
    lower = {name.lower(): redact(value) for name, value in headers.items()}
    return {
        name: value for name, value in lower.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
    }  # fmt: skip


def written(pieces: Sequence[tuple[float, bytes]]) -> tuple[tuple[float, str, Coding], ...]:
    """Pieces as a line holds them. Keys are struck out of all together: one may be split over two pieces."""
    whole = redact_bytes(b"".join(data for _, data in pieces))
    found, place = [], 0
    for at_s, data in pieces:
        found.append((at_s, *_encoded(whole[place : place + len(data)])))
        place += len(data)
    return tuple(found)


def _encoded(data: bytes) -> tuple[str, Coding]:
    try:
        return data.decode(), "text"
    except UnicodeDecodeError:
        return b64encode(data).decode(), "base64"


def _decoded(content: str, coding: Coding) -> bytes:
    return b64decode(content, validate=True) if coding == "base64" else content.encode()


def _without_keys(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_without_keys(one) for one in value]
    if isinstance(value, dict):
        return {redact(name): _without_keys(one) for name, one in value.items()}
    return value
