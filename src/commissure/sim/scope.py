"""Cancel scopes, with all their deadlines behind one SimPy timer."""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Self

import simpy
from simpy.events import NORMAL

from commissure.sim.task import Cancelled, Task

if TYPE_CHECKING:
    from commissure.sim.runtime import SimRuntime


class Scope:
    """A `with` block that can be cancelled. Children and tasks are dicts, never sets: order is part of the run."""

    __slots__ = (
        "cancel_called", "cancelled", "cancelled_caught", "children", "deadline", "host", "parent", "rt",
        "shield", "tasks",
    )  # fmt: skip

    def __init__(self, rt: SimRuntime, deadline: float = math.inf, *, shield: bool = False) -> None:
        self.rt = rt
        self.deadline = deadline
        self.shield = shield
        self.parent: Scope | None = None
        self.host: Task | None = None
        self.children: dict[Scope, None] = {}
        self.tasks: dict[Task, None] = {}
        self.cancel_called = False
        self.cancelled = False
        self.cancelled_caught = False

    def cancel(self) -> None:
        """Cancel what runs inside, in the order in which it came in; idempotent."""
        if not self.cancel_called:
            self.cancel_called = True
            self._spread()

    def _spread(self) -> None:
        if self.cancelled:
            return
        self.cancelled = True
        for task in list(self.tasks):
            task.deliver_cancel()
        for child in list(self.children):
            if not child.shield:
                child._spread()

    def __enter__(self) -> Self:
        host = self.rt.current
        if host is None or self.host is not None:
            raise RuntimeError("a cancel scope is entered once, inside a running task")
        self.host = host
        self.parent = parent = host.scope
        parent.children[self] = None
        del parent.tasks[host]
        self.tasks[host] = None
        host.scope = self
        if self.cancel_called or (parent.cancelled and not self.shield):
            self.cancelled = True
        if self.deadline <= self.rt.env.now:
            self.cancel()
        elif self.deadline < math.inf:
            self.rt.deadlines.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        host, parent = self.host, self.parent
        if host is None or parent is None or host.scope is not self:
            raise RuntimeError("cancel scopes are left innermost first, by the task that entered them")
        self.host = None
        del parent.children[self]
        del self.tasks[host]
        host.scope = parent
        parent.tasks[host] = None
        # A cancellation that also comes from further out belongs to the outer scope.
        from_outside = parent.cancelled and not self.shield
        self.cancelled_caught = self.cancel_called and not from_outside and isinstance(error, Cancelled)
        return self.cancelled_caught


class Deadlines:
    """All finite deadlines in one heap behind one armed timer: SimPy cannot take an event back."""

    def __init__(self, rt: SimRuntime) -> None:
        self._rt = rt
        self._heap: list[tuple[float, int, Scope]] = []
        self._numbers = count()
        self._timer: simpy.Event | None = None
        self._armed_for = math.inf
        self._left_at_compaction = 64

    def add(self, scope: Scope) -> None:
        """Watch a scope's deadline until it is left."""
        if len(self._heap) > self._left_at_compaction:
            self._compact()
        heappush(self._heap, (scope.deadline, next(self._numbers), scope))
        if scope.deadline < self._armed_for:
            self._arm(scope.deadline)

    def _arm(self, at: float) -> None:
        env = self._rt.env
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
        heap, now = self._heap, self._rt.env.now
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
