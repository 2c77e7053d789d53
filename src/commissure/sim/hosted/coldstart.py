"""When a hosted endpoint is cold, and for how long."""

from __future__ import annotations

import math

from commissure.hal.profiles.quantity import value_of
from commissure.hal.profiles.serving import ColdStart


class Warmth:
    """Cold before the first call, and after `idle_s` without a call under way; without a cold start never."""

    def __init__(self, cold: ColdStart | None) -> None:
        self.start_s = value_of(cold.seconds) if cold else 0.0
        self._idle_s = value_of(cold.idle_s, math.inf) if cold else math.inf
        self._last_s = -math.inf

    def cold(self, now: float) -> bool:
        """Whether a call that finds nobody there has to wait for a start."""
        return self.start_s > 0 and now - self._last_s >= self._idle_s

    def used(self, now: float) -> None:
        """A call was under way until now."""
        self._last_s = now
