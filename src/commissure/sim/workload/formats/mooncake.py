"""Mooncake's traces (kvcache-ai/Mooncake, FAST25-release): JSON lines with the hashes of 512-token blocks.

timestamp in ms, input_length, output_length, hash_ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commissure.sim.workload.json_lines import fields, record, seconds, whole, wholes
from commissure.sim.workload.reader import Row


@dataclass(frozen=True)
class Mooncake:
    """The blocks' size is the trace's own."""

    unit_tokens: int = 512
    in_order: bool = True

    def matches(self, first_line: str) -> bool:
        """A JSON object with Mooncake's names."""
        return {"timestamp", "input_length", "output_length"} <= fields(first_line)

    def header_lines(self, first_line: str) -> int:
        """None."""
        return 0

    def reader(self, first_line: str) -> Callable[[str], Row]:
        """One JSON object a line."""
        return _row


def _row(line: str) -> Row:
    call = record(line)
    return Row(
        seconds(call, "timestamp") / 1000.0,
        whole(call, "input_length"),
        whole(call, "output_length"),
        wholes(call, "hash_ids"),
    )


FORMAT = Mooncake()
