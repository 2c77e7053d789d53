"""Orders of a few things, numbered so that the first numbers lie far apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, gcd, isqrt
from typing import TypeVar

T = TypeVar("T")


def permuted(items: Sequence[T], number: int) -> tuple[T, ...]:
    """The `number`-th order, from 0, which is as they are; all are different until all have been, then they come again.

    Orders are counted by which item is last, then by which is last but one, and so on, and taken in golden-ratio steps
    through that count (a Kronecker sequence: any first few are spread evenly). So the item at the end, which a model
    minds most, changes first.
    """
    rank = number * _step(factorial(len(items))) % factorial(len(items))
    left, ordered = list(items), []
    while left:
        place, rank = divmod(rank, factorial(len(left) - 1))
        ordered.append(left.pop(len(left) - 1 - place))
    return tuple(reversed(ordered))


def _step(count: int) -> int:
    """The first number from the golden section of `count` on that has no divisor in common with it."""
    step = (isqrt(5 * count * count) - count) // 2
    while gcd(step, count) != 1:
        step += 1
    return step
