"""What the formats of JSON lines share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commissure.sim.workload.reader import Row


@dataclass(frozen=True)
class JsonLines:
    """A format of one JSON object a line, with the names `needed`, each read by `row`."""

    needed: frozenset[str]
    row: Callable[[dict[str, Any]], Row]
    unit_tokens: int = 512
    in_order: bool = True

    def matches(self, first_line: str) -> bool:
        """Whether the first object has the format's names."""
        return self.needed <= fields(first_line)

    def header_lines(self, first_line: str) -> int:
        """None."""
        return 0

    def reader(self, first_line: str) -> Callable[[str], Row]:
        """Each line by itself."""
        return lambda line: self.row(record(line))


def fields(line: str) -> set[str]:
    """The names of a JSON object's fields; none if the line is no object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return set()
    return set(value) if isinstance(value, dict) else set()


def record(line: str) -> dict[str, Any]:
    """The JSON object of a line. Raises ValueError, RecursionError."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError(f"a call is a JSON object, not {type(value).__name__}")
    return value


def seconds(call: dict[str, Any], name: str) -> float:
    """A number, which may be infinite or none. Raises KeyError, ValueError, OverflowError."""
    value = call[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r:.40}")
    return float(value)


def whole(call: dict[str, Any], name: str) -> int:
    """A whole number. Raises KeyError, ValueError, OverflowError."""
    value = call[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise ValueError(f"{name} must be a whole number, not {value!r:.40}")
    return int(value)


def wholes(call: dict[str, Any], name: str) -> Sequence[int]:
    """A list of names from 0 on, empty where it is absent. Raises ValueError.

    Names below 0 are the engine's own, for what it keeps of preempted jobs.
    """
    values = call.get(name, ())
    if not isinstance(values, list | tuple) or not all(type(value) is int and 0 <= value < 2**63 for value in values):
        raise ValueError(f"{name} must be a list of whole numbers from 0 to 2^63 - 1, not {values!r:.40}")
    return values
