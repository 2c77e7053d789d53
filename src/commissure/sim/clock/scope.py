"""Cancel scopes: what runs inside is cancelled together, in the order in which it came in."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Self

from commissure.sim.clock.task import Cancelled, Home, Kernel, Task


class Scope:
    """A `with` block that can be cancelled. Children and tasks are dicts, never sets: order is part of the run."""

    __slots__ = (
        "_kernel",
        "cancel_called",
        "cancelled",
        "cancelled_caught",
        "children",
        "deadline",
        "host",
        "parent",
        "shield",
        "tasks",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, *, shield: bool = False) -> None:
        self._kernel = kernel
        self.shield = shield
        self.deadline = math.inf
        self.parent: Home | None = None
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

    def effective_deadline(self) -> float:
        """The earliest deadline of this scope and those around it, up to a shield; -inf once it is cancelled."""
        if self.cancelled:
            return -math.inf
        parent = self.parent
        if self.shield or not isinstance(parent, Scope):
            return self.deadline
        return min(self.deadline, parent.effective_deadline())

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
        host = self._kernel.current
        if host is None or self.parent is not None:
            raise RuntimeError("a cancel scope is entered once, inside a running task")
        self.host = host
        self.parent = parent = host.scope
        parent.children[self] = None
        del parent.tasks[host]
        self.tasks[host] = None
        host.scope = self
        if self.cancel_called or (parent.cancelled and not self.shield):
            self.cancelled = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, GeneratorExit):  # the coroutine is thrown away, in whatever order
            return False
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
