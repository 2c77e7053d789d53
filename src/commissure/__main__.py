"""The entry point. It catches an interrupt even while the rest is still being imported."""

import signal
import sys
from types import FrameType


def _terminate(number: int, frame: FrameType | None) -> None:
    # As an exception, so that servers and their files are cleaned up on the way out.
    sys.exit(128 + number)


def run() -> None:
    """The command line."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        from commissure.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
