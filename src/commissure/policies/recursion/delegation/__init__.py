"""Which endpoint serves a sub-call: one file a delegation, each with `build(options)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import UsageError, unknown
from commissure.policies.recursion.delegation.delegation import Delegation

_SEAM = "delegation"


def delegation_names() -> list[str]:
    """Their names, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != _SEAM)


def build_delegation(given: str) -> Delegation:
    """The one that is given as `name` or `name:key=endpoint,key=endpoint`. Raises UsageError."""
    name, _, rest = given.partition(":")
    if name not in delegation_names():
        raise unknown("delegation", name, delegation_names())
    options: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = item.partition("=")
        if not equals or not value.strip():
            raise UsageError(f"delegation {given!r}: {item!r} is to be key=endpoint, as in by_depth:0=gpt,1=cerebras")
        if key.strip() in options:
            raise UsageError(f"delegation {given!r}: {key.strip()!r} is given twice")
        options[key.strip()] = value.strip()
    made: Delegation = import_module(f"{__name__}.{name}").build(options)
    return made
