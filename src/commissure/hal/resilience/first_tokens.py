"""How long an endpoint took of late to show a first token."""

from __future__ import annotations

from collections import deque

KEPT, FEWEST = 200, 20


class FirstTokens:
    """A window of the last `KEPT` times to the first token, in seconds."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """Another one was seen."""
        self._seconds.append(seconds)

    def p95_s(self) -> float | None:
        """The 95th percentile by the nearest-rank rule; None before `FEWEST` were seen."""
        seen = len(self._seconds)
        # ceil(0.95 n) - 1 in whole numbers.
        return sorted(self._seconds)[(95 * seen + 99) // 100 - 1] if seen >= FEWEST else None
