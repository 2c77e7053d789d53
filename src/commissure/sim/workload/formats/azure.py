"""Azure's LLM inference traces (Azure/AzurePublicDataset, 2023 and 2024): TIMESTAMP,ContextTokens,GeneratedTokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from commissure.sim.workload.reader import Row

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
EPOCH = datetime(2023, 1, 1, tzinfo=UTC)
STAMP = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True)
class Azure:
    """No prefixes are recorded."""

    unit_tokens: int = 512
    in_order: bool = True

    def matches(self, first_line: str) -> bool:
        """Azure's header."""
        return tuple(first_line.strip().split(",")[:3]) == COLUMNS

    def header_lines(self, first_line: str) -> int:
        """The names of the columns."""
        return 1

    def reader(self, first_line: str) -> Callable[[str], Row]:
        """Comma-separated."""
        return _row


def _row(line: str) -> Row:
    stamp, prompt, output, *_ = line.rstrip("\r\n").split(",")
    return Row(_seconds(stamp), int(prompt), int(output))


def _seconds(stamp: str) -> float:
    """Timestamps have seven digits of a second, one more than Python's datetime takes, and in 2024 a zone."""
    parts = STAMP.fullmatch(stamp.strip())
    if parts is None:
        raise ValueError(f"{COLUMNS[0]} must be like 2023-11-16 18:15:46.6805900, not {stamp!r:.40}")
    whole, fraction, zone = parts.groups()
    moment = datetime.fromisoformat(whole + (zone or "Z"))
    return (moment - EPOCH).total_seconds() + float(fraction or 0)


FORMAT = Azure()
