"""What a compile may use."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.errors import OverBudget


@dataclass(frozen=True, slots=True)
class Budget:
    """States of the flat automaton, and seconds of the whole compile."""

    states: int = 50_000
    seconds: float = 30.0

    def __post_init__(self) -> None:
        for name in ("states", "seconds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise UsageError(f"a budget's {name} must be a number above 0, not {value!r}")


class Meter:
    """Counts against a budget from now on."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._begun = perf_counter()

    @property
    def seconds(self) -> float:
        """Since the meter began."""
        return perf_counter() - self._begun

    def check(self, states: int, pointer: str = "") -> None:
        """Raise OverBudget if the states or the time are used up."""
        fix = "raise the budget, or give the schema less freedom"
        if states > self.budget.states:
            raise OverBudget(pointer, "", f"more than {self.budget.states:,} states", fix)
        if self.seconds > self.budget.seconds:
            raise OverBudget(pointer, "", f"more than {self.budget.seconds:g} s, after {states:,} states", fix)
