"""Which chip computes a prompt: one file a placer, each with `build(seed)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.hal.placement import Placer


def placer_names() -> list[str]:
    """The placers, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build_placer(name: str, seed: int) -> Placer:
    """The placer of a name. Raises UsageError for an unknown name."""
    if name not in placer_names():
        raise unknown("placer", name, placer_names())
    placer: Placer = import_module(f"{__name__}.{name}").build(seed)
    return placer
