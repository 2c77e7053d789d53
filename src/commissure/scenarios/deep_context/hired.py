"""Fleets without the endpoints that are paid by the hour and not needed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from commissure.hal.errors import unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.quantity import value_of


def with_hired(fleet: Fleet, needed: Collection[str]) -> Fleet:
    """The fleet, of what is paid by the hour with the endpoints of these names only.

    Where none is named all are hired: any may be chosen. Raises UsageError for a name that the fleet does not have.
    """
    names = [one.name for one in fleet.specs]
    for name in needed:
        if name not in names:
            raise unknown("endpoint", name, names)
    if not needed:
        return fleet
    kept = [one for one in fleet.specs if one.name in needed or not value_of(fleet.profiles[one.name].usd_per_hour)]
    return replace(fleet, specs=tuple(kept))
