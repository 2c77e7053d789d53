"""Which records may be looked at while things are tuned, and which are measured on only."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from commissure.scenarios.tool_calling.records.record import Record


def halves(records: Iterable[Record]) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Development and test, each in the order given: about half of them each.

    A record's half hangs on its id alone, so that it stays there whatever else is drawn.
    """
    development: list[Record] = []
    test: list[Record] = []
    for record in records:
        (test if blake2b(record.id.encode(), digest_size=1).digest()[0] & 1 else development).append(record)
    return tuple(development), tuple(test)
