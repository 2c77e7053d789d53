"""Times of a call as the client sees them, with the server's own account where it gives one."""

from __future__ import annotations

from typing import Any

from commissure.hal.provider import ServerTimes
from commissure.hal.reply import Timing
from commissure.hal.runtime import Runtime

# A server whose parts are longer than our whole by more than this is not believed: other clocks, other units.
TOO_LONG = 1.05, 0.005


class Watch:
    """Starts with the request and notes when each piece of the answer came."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self.start_s = rt.now()
        self._seen: list[float] = []

    def saw(self) -> None:
        """A piece has come."""
        self._seen.append(self._rt.now() - self.start_s)

    def timing(self, server: ServerTimes | None) -> Timing:
        """The call has ended now. What is neither prefill nor decode counts as queue: waiting, and the network."""
        total_s = self._rt.now() - self.start_s
        first_s = self._seen[0] if self._seen else None
        chunks_s = tuple(self._seen)
        said = dict(server.said) if server else None
        if server is None or server.prefill_s + server.decode_s > total_s * TOO_LONG[0] + TOO_LONG[1]:
            prefill_s = first_s or 0.0
            return Timing(self.start_s, 0.0, prefill_s, total_s - prefill_s, total_s, "client", first_s, chunks_s, said)
        parts_s = server.prefill_s + server.decode_s
        fit = min(1.0, total_s / parts_s) if parts_s > 0 else 1.0
        prefill_s, decode_s = server.prefill_s * fit, server.decode_s * fit
        queue_s = max(0.0, total_s - prefill_s - decode_s)
        return Timing(self.start_s, queue_s, prefill_s, decode_s, total_s, "server", first_s, chunks_s, said)


def seconds_of(said: Any, prefill: str, decode: str, unit_s: float = 1.0) -> ServerTimes | None:
    """The times under these two names in what a server said, where both are there; None otherwise."""
    if not isinstance(said, dict):
        return None
    try:
        first_s, second_s = (float(said[name]) * unit_s for name in (prefill, decode))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    sound = 0 <= first_s < float("inf") and 0 <= second_s < float("inf")
    return ServerTimes(first_s, second_s, said) if sound else None
