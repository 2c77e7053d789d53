"""Rows as a window shows them, read back from any text that holds such lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from commissure.scenarios.deep_context.questions.record import Row

_LINE = re.compile(r"Date: (\d{4}-\d{2}-\d{2}) \|\| User: (\d+) \|\| Instance: (.*)")


def rows_in(text: str) -> Iterator[Row]:
    """The rows of the text's lines, in their order, with no label; what is no row is passed over."""
    for line in text.split("\n"):
        found = _LINE.search(line)
        if found is not None:
            yield Row(date.fromisoformat(found[1]), found[2], found[3], "")
