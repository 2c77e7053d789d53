"""What a policy has to keep, as the function that tries it: its name and meaning are the function's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from commissure.policies.testing.broken import Broken

Made = TypeVar("Made")
Tried = TypeVar("Tried")


@dataclass(frozen=True, slots=True)
class Promise(Generic[Made, Tried]):
    """Tried on what makes a policy and on an example; `reports` are the failures to answer that are its own to tell."""

    holds: Callable[[Made, Tried], None]
    reports: tuple[type[Broken], ...] = ()

    @property
    def name(self) -> str:
        """Its function's name as words."""
        return self.holds.__name__.replace("_", " ")

    @property
    def meaning(self) -> str:
        """Its function's first line."""
        return (self.holds.__doc__ or "").splitlines()[0]
