"""What sandboxed code prints: kept up to a limit, and beyond it only counted."""

from __future__ import annotations

# So many times the limit is no report that got too long, but a loop that only prints.
FLOOD = 10


class Printed:
    """Collects what one run prints. `text` ends with a line that says how much was cut."""

    def __init__(self, limit: int, kept: str = "", length: int = 0) -> None:
        self._limit = limit
        self._kept = [kept]
        self.length = max(length, len(kept))

    def write(self, stream: str, text: str) -> None:
        """Take a piece of output, of either stream."""
        room = self._limit - self.length
        if room > 0:
            self._kept.append(text[:room])
        self.length += len(text)

    @property
    def kept(self) -> str:
        """What is kept of it."""
        return "".join(self._kept)

    @property
    def flooded(self) -> bool:
        """Whether it is far beyond its limit."""
        return self.length > FLOOD * self._limit

    @property
    def text(self) -> str:
        """What was printed until now. How much a flood printed depends on the machine, so that it is not counted."""
        cut = self.length - len(self.kept)
        many = f"more than {(FLOOD - 1) * self._limit:,}" if self.flooded else f"{cut:,}"
        return f"{self.kept}\n[{many} characters more were cut]\n" if cut else self.kept
