"""The seams of an ensemble. A policy returns a value and acts on nothing: no I/O, no clock, no dice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from commissure.policies.ensemble.prompt import Asked
from commissure.policies.ensemble.sample import Decision, Question, Sample


class Selector(ABC):
    """Which answer several candidates make. `ordered`: their order matters to it, as to the first."""

    ordered: ClassVar[bool] = False

    @abstractmethod
    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """The answer. NO_DECISION where none of them is parsed, or there are none; never an exception for bad ones."""


class Stopping(ABC):
    """How many candidates are enough."""

    @abstractmethod
    def more(self, candidates: Sequence[Sample], most: int) -> int:
        """How many to ask for next, beside these, so that there are at most `most`; 0 where these are enough."""


class Diversity(ABC):
    """How candidates are made to differ, beside the temperature."""

    @abstractmethod
    def vary(self, asked: Asked, variant: int) -> Asked:
        """The `variant`-th form of what is asked, the same for the same arguments; variant 0 is `asked` itself."""
