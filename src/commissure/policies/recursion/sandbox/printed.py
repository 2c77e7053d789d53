"""What sandboxed code prints: kept up to a limit, and beyond it only counted."""

from __future__ import annotations


class Printed:
    """Collects what one run prints. `text` ends with a line that says how much was cut."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[str] = []
        self._length = 0

    def write(self, stream: str, text: str) -> None:
        """Take a piece of output, of either stream."""
        room = self._limit - self._length
        if room > 0:
            self._kept.append(text[:room])
        self._length += len(text)

    @property
    def text(self) -> str:
        """What was printed until now."""
        kept = "".join(self._kept)
        cut = self._length - len(kept)
        return f"{kept}\n[{cut:,} characters more were cut]\n" if cut else kept
