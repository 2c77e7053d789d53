"""Sizes that the kernels take, and how one that they do not take is told."""

from __future__ import annotations

from typing import Any

import numpy as np

from commissure.hal.errors import UsageError

PARTITIONS = 128
MOST_BATCH = 128
"""A sequence is a partition."""
MOST_HIDDEN = 65_536
"""Four times the widest of published dense models, 16,384 (Llama 3.1 405B); beyond it a number is a slip."""


def check_whole(what: str, given: Any, least: int, most: int, fix: str = "") -> None:
    """Raise UsageError unless `given` is a whole number from `least` to `most`; True, 1.0 and "1" are none."""
    whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    if not whole or not least <= int(given) <= most:
        raise UsageError(f"{what} is {given!r}; it must be a whole number from {least:,} to {most:,}{fix}")


def check_hidden(given: Any) -> None:
    """Raise UsageError unless it is a hidden size that fills the partitions."""
    check_whole("the hidden size", given, PARTITIONS, MOST_HIDDEN, f", a multiple of {PARTITIONS}: pad with zeros")
    if int(given) % PARTITIONS:
        raise UsageError(f"the hidden size is {given}; it must be a multiple of {PARTITIONS}: pad it with zeros")


def check_batch(given: Any) -> None:
    """Raise UsageError unless so many sequences fit the partitions."""
    check_whole("the batch", given, 1, MOST_BATCH, " sequences, one a partition: split a larger one")
