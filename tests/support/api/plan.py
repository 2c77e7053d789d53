"""Which call suffers which fault."""

from __future__ import annotations

import random
from collections import deque

from tests.support.api.faults import FAULTS, Fault, fault

ENDING = tuple(one.name for one in FAULTS.values() if not one.waits)


class FaultPlan:
    """Faults for the next calls in order, then a random share of the calls after them."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[str]] = {}
        self._share = 0.0
        self._dice = random.Random(0)
        self._names = ENDING

    def play(self, *names: str, path: str = "") -> None:
        """The next calls suffer these faults, one each, in order; with `path`, the next requests of that path."""
        self._planned.setdefault(path, deque()).extend(fault(name).name for name in names)

    def play_share(self, share: float, seed: int, *names: str) -> None:
        """A random share of all calls suffers one of these faults: by default any that ends by itself."""
        self._names = tuple(fault(name).name for name in names) or ENDING
        self._share, self._dice = share, random.Random(seed)

    def next(self, path: str, is_call: bool) -> Fault | None:
        """The fault of the request that has just come."""
        for planned in (self._planned.get(path), self._planned.get("") if is_call else None):
            if planned:
                return FAULTS[planned.popleft()]
        if is_call and self._share and self._dice.random() < self._share:
            return FAULTS[self._dice.choice(self._names)]
        return None
