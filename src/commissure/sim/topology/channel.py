"""A channel that moves bytes first come, first served: a link between chips, or the way to a tier of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy


class Channel:
    """One transfer at a time at a fixed bandwidth; each arrives a latency after its last byte was sent."""

    def __init__(self, env: simpy.Environment, bytes_per_s: float, latency_s: float = 0.0) -> None:
        self.moved_bytes = 0.0
        self._env = env
        self._bytes_per_s = bytes_per_s
        self._latency_s = latency_s
        self._free_s = 0.0

    def wait_s(self, size_bytes: float) -> float:
        """How long a transfer that is asked for now would take, queue included."""
        return max(0.0, self._free_s - self._env.now) + size_bytes / self._bytes_per_s + self._latency_s

    def send(self, size_bytes: float) -> float:
        """Book a transfer; returns the seconds from now until it has arrived."""
        wait_s = self.wait_s(size_bytes)
        self._free_s = self._env.now + wait_s - self._latency_s
        self.moved_bytes += size_bytes
        return wait_s

    def carry(self, size_bytes: float, arrived: Callable[[Any], None], what: object = None) -> None:
        """Book a transfer and call `arrived(event)`, whose value is `what`, when it is there."""
        simpy.Timeout(self._env, self.send(size_bytes), what).callbacks.append(arrived)
