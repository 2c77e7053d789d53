"""Files that are whole or absent."""

import os
from contextlib import suppress
from pathlib import Path

from commissure.hal.errors import CommissureError, UsageError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part. Raises CommissureError."""
    data = content.encode() if isinstance(content, str) else content
    beside = _beside(path)
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise CommissureError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def check_target(option: str, path: Path | None, suffix: str) -> None:
    """Raise UsageError, before any work is done, if a file that is to be written cannot be."""
    if path is None:
        return
    beside = _beside(path)
    try:
        if path.suffix != suffix or path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"{option} {path}: give a file name ending in {suffix}, in a folder that exists")
        # Permissions alone do not tell: file systems are read-only, names too long.
        beside.touch(exist_ok=False)
        beside.unlink()
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written: {error.strerror}; name another place") from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")
