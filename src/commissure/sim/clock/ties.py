"""Explore schedules: a seeded order for the events of one instant, to show what depends on such ties."""

from collections.abc import Callable, Iterator
from itertools import count

import simpy
from simpy.events import NORMAL, EventPriority

from commissure.hal.clock.dice import dice
from commissure.sim.clock.task import Gate


class TieEnvironment(simpy.Environment):
    """Virtual time in which the events of one instant happen in a random, reproducible order."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        # SimPy only compares these numbers within its heap: pairs order as well as integers do.
        self._eid = _shuffled_numbers(seed)  # type: ignore[assignment]

    def schedule(self, event: simpy.Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """Schedule without regard to priority, which would order an instant's events."""
        if isinstance(event, Gate):
            waiters, event.callbacks = event.callbacks, []
            for waiter in waiters:
                self._apart(event, waiter)
        super().schedule(event, NORMAL, delay)

    def _apart(self, gate: Gate, waiter: Callable[[simpy.Event], None]) -> None:
        """Wake one of those who wait at a gate by an event of its own."""
        alone = simpy.Event(self)
        alone._ok, alone._value = gate._ok, gate._value
        alone.callbacks = [waiter]
        super().schedule(alone, NORMAL)


def _shuffled_numbers(seed: int) -> Iterator[tuple[float, int]]:
    stream = dice(f"{seed}/ties")
    for number in count():
        yield stream.random(), number
