"""Our own plain trace: JSON lines with arrival_s, input_tokens, output_tokens and optional hash_ids of 512 tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commissure.sim.workload.json_lines import fields, record, seconds, whole, wholes
from commissure.sim.workload.reader import Row


@dataclass(frozen=True)
class Plain:
    """The blocks' size is Mooncake's."""

    unit_tokens: int = 512
    in_order: bool = True

    def matches(self, first_line: str) -> bool:
        """A JSON object with our names."""
        return {"arrival_s", "input_tokens", "output_tokens"} <= fields(first_line)

    def header_lines(self, first_line: str) -> int:
        """None."""
        return 0

    def reader(self, first_line: str) -> Callable[[str], Row]:
        """One JSON object a line."""
        return _row


def _row(line: str) -> Row:
    call = record(line)
    hashes = wholes(call, "hash_ids")
    return Row(seconds(call, "arrival_s"), whole(call, "input_tokens"), whole(call, "output_tokens"), hashes)


FORMAT = Plain()
