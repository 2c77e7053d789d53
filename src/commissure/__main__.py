"""The entry point: errors become one message and an exit status, never a traceback.

Exit status: 0 done, 1 failed, 2 bad usage or input, 130 interrupted, 143 terminated. COMMISSURE_DEBUG=1
shows the traceback.
"""

import errno
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

# What writing to an open stream fails with, where no file is named.
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class Terminated(KeyboardInterrupt):
    """SIGTERM has come. It is no SystemExit: a user's policy may raise one of those, and that is its own affair."""


def run() -> None:
    """The command line, interrupts during its imports included."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        _run()
    except (KeyboardInterrupt, SystemExit) as stop:
        # Of any KeyboardInterrupt typer makes an exit with 130.
        cause = _interrupt_behind(stop)
        if cause is None:
            raise
        terminated = isinstance(cause, Terminated)
        _tell("terminated" if terminated else "interrupted", cause)
        sys.exit(128 + signal.SIGTERM if terminated else 130)


def _run() -> None:
    from commissure.cli import app
    from commissure.hal.errors import CommissureError, UsageError

    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if os.environ.get("COMMISSURE_DEBUG"):
            raise
        _tell(f"error: {_place_of(error)}: {error.strerror or error}", error)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("COMMISSURE_DEBUG"):
            raise
        expected = isinstance(error, CommissureError)
        _tell(f"error: {error}" if expected else f"internal error: {type(error).__name__}: {error}", error)
        sys.exit(2 if isinstance(error, UsageError) else 1)


def _place_of(error: OSError) -> str:
    """What could not be read or written: a file, or the output, which is then given up."""
    if error.filename is not None:
        return str(error.filename)
    if error.errno not in UNWRITTEN:
        return "the system refused"
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return "the output cannot be written"


def _interrupt_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """What it has come of; SIGTERM where both have come."""
    found: KeyboardInterrupt | None = None
    while error is not None:
        if isinstance(error, KeyboardInterrupt) and not isinstance(found, Terminated):
            found = error
        error = error.__cause__ or error.__context__
    return found


def _tell(message: str, error: BaseException) -> None:
    if sys.stderr is None:
        return
    with suppress(OSError):
        print(message, *getattr(error, "__notes__", []), sep="\n", file=sys.stderr)


def _terminate(number: int, frame: FrameType | None) -> None:
    # As an exception, so that servers and their files are cleaned up on the way out.
    raise Terminated


if __name__ == "__main__":
    run()
