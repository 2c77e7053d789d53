"""Azure's LLM inference traces (Azure/AzurePublicDataset, 2023 and 2024): TIMESTAMP,ContextTokens,GeneratedTokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from commissure.sim.workload.reader import Row

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
EPOCH = datetime(2023, 1, 1)


@dataclass(frozen=True)
class Azure:
    """No prefixes are recorded."""

    unit_tokens: int = 512

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
    whole, dot, rest = stamp.partition(".")
    digits = rest.partition("+")[0].rstrip("Z") if dot else ""
    moment = datetime.fromisoformat(whole.partition("+")[0])
    return (moment - EPOCH).total_seconds() + (float(f"0.{digits}") if digits else 0.0)


FORMAT = Azure()
