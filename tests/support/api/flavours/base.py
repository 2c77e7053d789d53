"""What every flavour of the server has: how it reads a request, and how it writes answers, streams and errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from tests.support.api.answer import Answer
from tests.support.api.ask import Ask, Body
from tests.support.api.flavours.shapes import ERRORS, Errors, Limits, openai_limits
from tests.support.api.record import Totals


class Event(NamedTuple):
    """One event of a stream, due with token number `step`, or at once if that is negative.

    Without `data` it only takes its time, as hidden reasoning does. `name` is the SSE event's, if it has one.
    """

    data: Body | str | None
    step: int = 0
    tokens: int = 0
    name: str = ""


class Reply(NamedTuple):
    """A whole answer to something that is no call: a list of models, metrics, slots."""

    body: Body | list[Any] | bytes
    status: int = 200
    media: str = "application/json"


@dataclass(slots=True)
class Load:
    """What the server's own pages report. Times in s, of the latest calls."""

    models: tuple[str, ...]
    running: int = 0
    totals: Totals = field(default_factory=Totals)
    first_s: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    whole_s: deque[float] = field(default_factory=lambda: deque(maxlen=1000))


class Flavour(ABC):
    """One provider. `calls` are the paths that generate, with the kind of call each takes."""

    name: ClassVar[str]
    calls: ClassVar[Mapping[str, str]]
    errors: ClassVar[Errors] = ERRORS
    open_paths: ClassVar[frozenset[str]] = frozenset()  # need no key
    charges_writes: ClassVar[bool] = False  # whether what a call puts into the cache is counted apart

    def key_of(self, headers: Mapping[str, str]) -> str:
        """The key that was sent, or ""."""
        return headers.get("authorization", "").removeprefix("Bearer ")

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises Refusal where a header is missing."""
        return

    @abstractmethod
    def read(self, kind: str, body: Body) -> Ask:
        """Raises Refusal for what the provider refuses."""

    def caches(self, ask: Ask) -> bool:
        """Whether the server's cache of prompt prefixes serves this call."""
        return True

    def place(self, ask: Ask, answer: Answer) -> None:
        """Takes note of a call that begins. A flavour with slots sets the slot, and what its cache gives."""
        return

    def leave(self, answer: Answer) -> None:
        """Takes note of its end, however it came."""
        return

    @abstractmethod
    def body(self, answer: Answer) -> Body:
        """The whole answer at once."""

    @abstractmethod
    def events(self, answer: Answer) -> Iterator[Event]:
        """The answer as a stream. Reads the answer's times only after its last token."""

    def said(self, kind: str, message: str, model: str, key: str) -> tuple[str, Any, str]:
        """(type, code, message) of an error."""
        of_type, code, text = self.errors[kind]
        return of_type, code, message or text.replace("{model}", model).replace("{key}", key)

    @abstractmethod
    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        """The body of an error; an empty message means the kind's own."""

    def error_event(self) -> Event:
        """An error in the middle of a stream."""
        return Event(self.error(500, "server", "", None, "", ""))

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """On every answer to a call."""
        return {"x-request-id": f"req_{number:06d}", **openai_limits(limits)}

    def get(self, path: str, load: Load) -> Reply | None:
        """A page of the server's own, or None."""
        if path != "/v1/models":
            return None
        return Reply({"object": "list", "data": [self.model(name) for name in load.models]})

    def model(self, name: str) -> Body:
        """One row of the list of models (openai-python 3.54 types/model.py)."""
        return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": self.name}

    def post(self, path: str, query: str, body: Body) -> Reply | None:
        """What is posted to a page of the server's own, or None."""
        return None
