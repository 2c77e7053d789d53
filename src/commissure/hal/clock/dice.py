"""Seeded randomness: a stream is named by a text, and the same text gives the same stream in any process."""

from random import Random as Dice


def dice(key: str) -> Dice:
    """A fresh stream. A text seed is hashed with SHA-512, so it does not depend on PYTHONHASHSEED."""
    return Dice(key)


__all__ = ["Dice", "dice"]
