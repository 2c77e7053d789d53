"""The families of records by name: generated documents, and function calls of the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.scenarios.tool_calling.records.bfcl import BFCL_FAMILIES, bfcl
from commissure.scenarios.tool_calling.records.documents import documents, known_families
from commissure.scenarios.tool_calling.records.record import Record
from commissure.scenarios.tool_calling.shares import even_shares


def family_names() -> tuple[str, ...]:
    """All of them."""
    return (*known_families(), *BFCL_FAMILIES)


def records_of(families: Sequence[str], count: int, seed: int) -> tuple[Record, ...]:
    """`count` records, evenly of the families, in the order of the families; the first ones get what is left over.

    Raises UsageError if a family has fewer, MissingExtra if its data is not installed.
    """
    found: list[Record] = []
    for family, wanted in zip(families, even_shares(count, len(families)), strict=True):
        if wanted:
            make = bfcl if family in BFCL_FAMILIES else documents
            found += make(seed=seed, count=wanted, families=(family,))
    return tuple(found)
