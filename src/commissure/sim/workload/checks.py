"""Checks of a workload's parameters; an error says what was given and what is allowed."""

from __future__ import annotations

from numbers import Integral

from commissure.hal.errors import UsageError


def check_whole(name: str, value: int, least: int, most: int) -> None:
    """Raise UsageError unless it is a whole number in the range."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= value <= most:
        raise UsageError(f"{name} must be a whole number from {least} to {most}, not {value!r:.40}")


def check_number(name: str, value: float, least: float, most: float) -> None:
    """Raise UsageError unless it is a number in the range."""
    if isinstance(value, bool) or not isinstance(value, int | float | Integral) or not least <= value <= most:
        raise UsageError(f"{name} must be a number from {least:g} to {most:g}, not {value!r:.40}")
