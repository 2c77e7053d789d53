"""Values that leave a sandbox: plain data as it is, everything else by its name only."""

from __future__ import annotations

from typing import Any

# Beyond this Python itself refuses to write an integer out.
MOST_BITS = 14_000
PLAIN = (bool, int, float, str, bytes, type(None))


def plain(value: Any) -> Any:
    """The value where it is data all through; of what is not, what it calls itself."""
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"<an integer of {value.bit_length():,} bits>"
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(plain(one) for one in value)
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    return repr(value)
