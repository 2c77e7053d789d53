"""How a schema is read where JSON Schema or JSON leaves it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from commissure.hal.errors import UsageError, unknown

Whitespace = Literal["none", "space", "any"]


@dataclass(frozen=True, slots=True)
class Settings:
    """`whitespace`: none; at most one space after a comma or a colon; or any amount wherever JSON allows it.

    `formats`: whether `format` is asserted (else it is an annotation, as the 2020-12 draft has it by default).
    `closed`: leave members out that no schema speaks of, though it allows them: a smaller language, for generation.
    `alternatives`: how many alternatives a union may grow to.
    """

    whitespace: Whitespace = "space"
    formats: bool = True
    closed: bool = False
    alternatives: int = 4_000

    def __post_init__(self) -> None:
        if self.whitespace not in get_args(Whitespace):
            raise unknown("whitespace", str(self.whitespace), get_args(Whitespace))
        for name in ("formats", "closed"):
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} must be true or false, not {getattr(self, name)!r}")
        if not isinstance(self.alternatives, int) or self.alternatives < 1:
            raise UsageError(f"alternatives must be a whole number, 1 or more, not {self.alternatives!r}")
