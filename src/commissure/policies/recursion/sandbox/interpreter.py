"""The seam of the sandbox: code that a model wrote runs until it calls out, waits, and goes on with the result."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

ErrorKind = Literal["syntax", "error", "time", "memory", "output", "recursion", "refused", "crash"]


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one session may use: bytes of memory, of which variables between runs fill less than half; seconds of
    computing a run, over all its calls out (waiting for one does not count); depth of recursion, characters printed a
    run, and calls out in all."""

    memory_bytes: int = 256 * 2**20
    run_s: float = 5.0
    recursion: int = 200
    output_chars: int = 20_000
    calls_out: int = 10_000


@dataclass(frozen=True, slots=True)
class CallOut:
    """The code waits: it has called a function of the host. `printed` is what this run printed until now."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(hash=False)
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. `value` is that of its last expression; `error` says why it stopped early, if it did.

    `printed` is cut at the limit, with a last line that says by how much. `alive` says whether the session can go on
    with its variables; `error` says which of them are as before the run, or lost. If it cannot, the next start begins
    with none. A value that is not plain data is a text here.
    """

    value: Any = field(default=None, hash=False)
    printed: str = ""
    error: str = ""
    kind: ErrorKind | None = None
    alive: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a call out comes back with where it has no value: an exception of this type, raised in the sandbox.

    A type that the sandbox does not know is raised as a RuntimeError.
    """

    message: str
    type: str = "RuntimeError"


class Session(Protocol):
    """One sandbox with its variables. One run at a time; none of its methods raises for what the code does."""

    @property
    def waiting(self) -> CallOut | None:
        """The call out that the code waits for."""

    def run(self, code: str) -> Ended:
        """Run code that calls nothing of the host; a call out is refused in it."""

    def start(self, code: str, inputs: Mapping[str, Any] | None = None) -> CallOut | Ended:
        """Run code until it calls a function of the host, or ends. `inputs` become variables first."""

    def resume(self, value: Any) -> CallOut | Ended:
        """Go on with the value of the call out; with a Refusal it is raised there, as for a value that cannot enter."""

    def variable(self, name: str) -> tuple[bool, Any]:
        """Whether there is a variable of this name that can leave, and its value."""

    def dump(self) -> bytes:
        """The session's state between runs, or while it waits, for `load` of an interpreter of the same kind."""


class Interpreter(Protocol):
    """Makes sessions. Use it inside `with`; no session outlives it."""

    def session(
        self, functions: tuple[str, ...], limits: SandboxLimits | None = None
    ) -> AbstractContextManager[Session]:
        """A fresh sandbox in which the code may call these functions of the host, and nothing else outside."""

    def load(self, state: bytes, functions: tuple[str, ...]) -> AbstractContextManager[Session]:
        """A session as it was dumped, with its limits. Load only what was dumped by a session of yours."""
