"""A session's state as bytes: the interpreter's own dump, and beside it what the host keeps of the session."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from commissure.hal.errors import UsageError
from commissure.policies.recursion.sandbox.interpreter import SandboxLimits

_MARK = b"commissure sandbox 1\n"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is not in the interpreter's own dumps: of the state after the last run, and of a run that waits."""

    limits: SandboxLimits
    waiting: bool = False
    calls_out: int = 0
    answered: int = 0
    printed: str = ""
    printed_length: int = 0
    kept_bytes: int = 0


_BESIDE = TypeAdapter(Beside)


def packed(beside: Beside, state: bytes) -> bytes:
    """One dump of both."""
    return _MARK + TypeAdapter(dict[str, object]).dump_json(asdict(beside)) + b"\n" + state


def unpacked(dump: bytes) -> tuple[Beside, bytes]:
    """Both of one dump. Raises UsageError for bytes that are none.

    Load only what a session of yours has dumped: the interpreter does not verify its own part.
    """
    header, _, state = dump.removeprefix(_MARK).partition(b"\n")
    if not dump.startswith(_MARK):
        raise UsageError(f"no dump of a sandbox: it begins with {dump[:20]!r}, not {_MARK!r}")
    try:
        return _BESIDE.validate_json(header), state
    except ValidationError as error:
        raise UsageError(f"a dump of a sandbox that cannot be read: {error.errors()[0]['msg']}") from error
