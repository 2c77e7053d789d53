"""Names of fields and members as words."""

from __future__ import annotations

import re

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W\d_]+")


def words_of(name: str) -> tuple[str, ...]:
    """Case-folded: unit_price, unit-price, unitPrice and "Unit price" are all unit, price."""
    return tuple(part.casefold() for part in _PART.findall(name))
