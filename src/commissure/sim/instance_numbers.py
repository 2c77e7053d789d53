"""The number nearest to 0 that a JSON Schema's bounds allow, or one near it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from commissure.sim.instance_schema import NoValue, within


def least_integer(said: Mapping[str, Any]) -> int:
    """The whole number nearest to 0. Raises NoValue if there is none."""
    value = 0
    if "minimum" in said:
        value = max(value, math.ceil(said["minimum"]))
    if "exclusiveMinimum" in said:
        value = max(value, math.floor(said["exclusiveMinimum"]) + 1)
    if "maximum" in said:
        value = min(value, math.floor(said["maximum"]))
    if "exclusiveMaximum" in said:
        value = min(value, math.ceil(said["exclusiveMaximum"]) - 1)
    if not within(value, said):
        raise _none("whole number", said)
    return value


def least_number(said: Mapping[str, Any]) -> float:
    """0, a bound, or what is 1 beyond an exclusive one, halfway, or next to it. Raises NoValue if none of them fits."""
    low = max(said.get("minimum", -math.inf), said.get("exclusiveMinimum", -math.inf))
    high = min(said.get("maximum", math.inf), said.get("exclusiveMaximum", math.inf))
    near = (low, low + 1, (low + high) / 2, math.nextafter(low, math.inf)) if low >= 0 else ()
    far = (high, high - 1, (low + high) / 2, math.nextafter(high, -math.inf))
    for value in (0.0, *near, *far):
        if math.isfinite(value) and within(float(value), said):
            return float(value)
    raise _none("number", said)


def _none(what: str, said: Mapping[str, Any]) -> NoValue:
    names = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    bounds = ", ".join(f"{name} {said[name]}" for name in names if name in said)
    return NoValue(f"the schema allows no {what}: {bounds}")
