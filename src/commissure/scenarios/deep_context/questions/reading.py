"""Rows as a window shows them, read back from any text that holds such lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from commissure.scenarios.deep_context.questions.record import Row

_LINE = re.compile(r"Date: ([0-9]{4}-[0-9]{2}-[0-9]{2}) \|\| User: ([0-9]+) \|\| Instance: (.*)")


def rows_in(text: str) -> Iterator[Row]:
    """The rows of the text's lines, in their order, with no label; what is no row is passed over."""
    for line in text.split("\n"):
        found = _LINE.search(line)
        if found is None:
            continue
        try:
            day = date.fromisoformat(found[1])
        except ValueError:
            continue
        yield Row(day, found[2], found[3], "")
