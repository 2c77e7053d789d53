"""BurstGPT (HPMLL/BurstGPT): Timestamp in s, (Session ID, Elapsed time,) Model, Request tokens, Response tokens, ...

Rows without an answer are failures of the recorded service; they are no calls to repeat.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass

from commissure.sim.workload.reader import Row

NEEDED = ("Timestamp", "Request tokens", "Response tokens")


@dataclass(frozen=True)
class BurstGPT:
    """No prefixes are recorded."""

    unit_tokens: int = 512
    in_order: bool = True

    def matches(self, first_line: str) -> bool:
        """A header with BurstGPT's names."""
        return set(NEEDED) <= {name.strip() for name in first_line.split(",")}

    def header_lines(self, first_line: str) -> int:
        """The names of the columns."""
        return 1

    def reader(self, first_line: str) -> Callable[[str], Row | None]:
        """Comma-separated; the header says where what stands."""
        names = [name.strip() for name in first_line.split(",")]
        stamp, prompt, output = (names.index(name) for name in NEEDED)

        def row(line: str) -> Row | None:
            values = _values(line)
            if len(values) < len(names):
                raise ValueError(f"{len(values)} columns where the header has {len(names)}")
            answer = _whole(values[output])
            return None if answer == 0 else Row(float(values[stamp]), _whole(values[prompt]), answer)

        return row


def _values(line: str) -> list[str]:
    try:
        (values,) = csv.reader([line])
    except csv.Error as error:
        raise ValueError(error) from None
    return values


def _whole(text: str) -> int:
    value = float(text)
    if value != int(value):
        raise ValueError(f"tokens must be a whole number, not {text!r:.40}")
    return int(value)


FORMAT = BurstGPT()
