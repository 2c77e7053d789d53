"""What the formats of JSON lines share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def fields(line: str) -> set[str]:
    """The names of a JSON object's fields; none if the line is no object."""
    try:
        value = json.loads(line)
    except ValueError:
        return set()
    return set(value) if isinstance(value, dict) else set()


def whole(call: Any, name: str) -> int:
    """A whole number. Raises KeyError, ValueError."""
    value = call[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{name} must be a whole number, not {value!r:.40}")
    return int(value)


def wholes(call: Any, name: str) -> Sequence[int]:
    """A list of whole numbers, empty where it is absent. Raises ValueError."""
    values = call.get(name, ())
    if not isinstance(values, list | tuple) or not all(type(value) is int for value in values):
        raise ValueError(f"{name} must be a list of whole numbers, not {values!r:.40}")
    return values
