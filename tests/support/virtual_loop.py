"""LiveRuntime over an asyncio loop in virtual time: the oracle for SimRuntime. No sockets, no threads."""

import asyncio
import math
import selectors

from commissure.hal.clock.live import LiveRuntime


class _InstantSelector(selectors.SelectSelector):
    """Never sleeps: where the loop would wait for its next timer, it moves the clock to it."""

    loop: "VirtualLoop"

    def select(self, timeout=None):  # type: ignore[no-untyped-def]
        if timeout is None:
            raise RuntimeError("deadlock: no timer is left and nothing can happen")
        if timeout > 0:
            self.loop.jump()
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own scheduler with a clock that jumps from timer to timer."""

    def __init__(self) -> None:
        self._virtual_now = 0.0
        selector = _InstantSelector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = 1e-12

    def time(self) -> float:
        return self._virtual_now

    def jump(self) -> None:
        timers = [handle.when() for handle in self._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        self._virtual_now = max(self._virtual_now, min(timers, default=math.inf))


def virtual_live_runtime(seed: int = 0) -> LiveRuntime:
    """A LiveRuntime whose clock is virtual."""
    return LiveRuntime(seed, backend_options={"loop_factory": VirtualLoop})
