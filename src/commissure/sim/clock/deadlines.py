"""Scopes with a deadline. All deadlines stand in one heap behind one live timer: SimPy takes no event back.

Only a deadline earlier than all others arms a new timer, and leaves the old one behind.
"""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Self

import simpy
from simpy.events import NORMAL

from commissure.sim.clock.scope import Scope
from commissure.sim.clock.task import Kernel


class TimedScope(Scope):
    """A scope that is cancelled at `deadline`, in seconds of virtual time."""

    __slots__ = ("_deadlines",)

    def __init__(self, kernel: Kernel, deadlines: Deadlines, deadline: float, *, shield: bool = False) -> None:
        super().__init__(kernel, shield=shield)
        self.deadline = deadline
        self._deadlines = deadlines

    def __enter__(self) -> Self:
        super().__enter__()
        if self.deadline <= self._kernel.env.now:
            self.cancel()
        elif self.deadline < math.inf:
            self._deadlines.add(self)
        return self


class Deadlines:
    """All finite deadlines in one heap behind one armed timer."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._heap: list[tuple[float, int, TimedScope]] = []
        self._numbers = count()
        self._timer: simpy.Event | None = None
        self._armed_for = math.inf
        self._left_at_compaction = 64

    def add(self, scope: TimedScope) -> None:
        """Watch a scope's deadline until it is left."""
        if len(self._heap) > self._left_at_compaction:
            self._compact()
        heappush(self._heap, (scope.deadline, next(self._numbers), scope))
        if scope.deadline < self._armed_for:
            self._arm(scope.deadline)

    def _arm(self, at: float) -> None:
        env = self._kernel.env
        self._armed_for = at
        self._timer = timer = simpy.Event(env)
        timer._ok, timer._value = True, None
        timer.callbacks = [self._fire]
        env.schedule(timer, NORMAL, max(0.0, at - env.now))

    def _fire(self, timer: simpy.Event) -> None:
        # Only the last armed timer counts. `now + (at - now)` may round to just before `at`: then
        # nothing is due yet and the timer is armed again.
        if timer is not self._timer:
            return
        self._timer, self._armed_for = None, math.inf
        heap, now = self._heap, self._kernel.env.now
        while heap and (heap[0][2].host is None or heap[0][0] <= now):
            scope = heappop(heap)[2]
            if scope.host is not None:
                scope.cancel()
        if heap:
            self._arm(heap[0][0])

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if entry[2].host is not None]
        heapify(self._heap)
        self._left_at_compaction = max(64, 2 * len(self._heap))
