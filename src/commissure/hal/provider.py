"""What is particular of a provider: where it is, how it knows us, what it can do, and how it speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from commissure.hal.call import Call
from commissure.hal.capabilities import Capabilities
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.reply import Choice, ChunkKind, Usage
from commissure.hal.wire.metrics import MetricNames


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """A server's own account of a call, in seconds, and as it was said. Prefill begins when the call is scheduled."""

    prefill_s: float
    decode_s: float
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider's answer says. Without `usage` it did not say how many tokens the call took."""

    choices: tuple[Choice, ...]
    usage: Usage | None
    times: ServerTimes | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event of a stream adds to the `choice`-th answer."""

    text: str
    kind: ChunkKind = "text"
    choice: int = 0


class WireError(ValueError):
    """An error that a provider put in the place of an answer; `retryable` if it says that it was its own fault."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class Reader(Protocol):
    """Puts the events of one stream together."""

    def feed(self, event: Any) -> list[Piece]:
        """Take an event. Raises WireError if it is an error, ValueError if it is not what was agreed."""

    def answer(self) -> Answer | None:
        """The whole, or None if the stream has not said that it is complete."""

    def complete(self) -> bool:
        """Whether the stream has said so much that `answer` gives the whole."""

    def usage(self) -> Usage | None:
        """The tokens, as far as the stream has told them."""


class Codec(Protocol):
    """Calls into a provider's requests, and its answers into ours. Pure: no I/O, no clock."""

    def request(self, call: Call, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path, after the base URL, and the body. Raises UsageError if the call cannot be said."""

    def answer(self, body: Any) -> Answer:
        """A whole answer. Raises WireError, ValueError."""

    def reader(self) -> Reader:
        """For one stream."""


@dataclass(frozen=True)
class Provider:
    """A provider's facts. `base_url` None: everybody runs their own, and the fleet file says where.

    `ids` are its names of models where they are not ours; `models` what single models can do otherwise than
    `capabilities` says; `retired` the models that it serves no longer, with the source. `variables` are further
    headers that are taken from the environment. Without `keep_alive` each request has a connection of its own.
    """

    codec: Callable[[EndpointSpec, str, Capabilities], Codec]
    base_url: str | None = None
    url_variables: tuple[str, ...] = ()
    key_variables: tuple[str, ...] = ()
    key_required: bool = True
    key_header: str = "authorization"
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    capabilities: Capabilities = field(default_factory=Capabilities)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    models_path: str = "/models"
    metrics: MetricNames | None = None
    keep_alive: bool = True

    def model_id(self, spec: EndpointSpec) -> str:
        """Its name of the endpoint's model."""
        return spec.model_id or self.ids.get(spec.model, spec.model)

    def able(self, spec: EndpointSpec) -> Capabilities:
        """What the endpoint can do: the provider's table, the model's row in it, and the fleet file's own word."""
        return self.capabilities.changed(self.models.get(spec.model, {})).changed(spec.capabilities)
