"""The records of grounding: how a value stands, why, and all that was found of an answer. Plain frozen data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Standing(IntEnum):
    """What the checks say of a value; the greater the better."""

    REFUTED = -1
    NEUTRAL = 0
    SUPPORTED = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """How a value stands, and the reason in words."""

    standing: Standing
    reason: str


UNCHECKED = Finding(Standing.NEUTRAL, "nothing to check it by")


def refuted(reason: str) -> Finding:
    """A value that cannot be right, as far as can be seen."""
    return Finding(Standing.REFUTED, reason)


def neutral(reason: str) -> Finding:
    """A value that nothing speaks for or against."""
    return Finding(Standing.NEUTRAL, reason)


def supported(reason: str) -> Finding:
    """A value that there is evidence for."""
    return Finding(Standing.SUPPORTED, reason)


@dataclass(frozen=True, slots=True)
class Grounding:
    """Of one answer: each leaf by its path, as `flatten` names them, and whether the whole agrees with itself."""

    fields: Mapping[str, Finding] = field(hash=False)
    whole: Finding

    @property
    def refuted_fields(self) -> int:
        """How many leaves are refuted."""
        return sum(one.standing is Standing.REFUTED for one in self.fields.values())


def joined(findings: Iterable[Finding]) -> Finding:
    """Several checks of one thing as one: refuted if any refutes it, else supported if any supports it."""
    found = list(findings)
    if not found:
        return UNCHECKED
    kept = [one for one in found if one.standing is Standing.REFUTED] or [
        one for one in found if one.standing is Standing.SUPPORTED
    ]
    return Finding(kept[0].standing, "; ".join(one.reason for one in kept)) if kept else found[0]
