"""How a schema is read where JSON Schema or JSON leaves it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
