"""What the check of a kernel's source finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One construct that the dialect lacks: its line, what it is, why it is refused, what to write instead."""

    line: int
    construct: str
    why: str
    instead: str
