"""How candidates are made to differ: one file a way, each with `build()`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.policies.ensemble.selector import Diversity


def diversity_names() -> list[str]:
    """Their names, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build_diversity(name: str) -> Diversity:
    """The one of a name. Raises UsageError for an unknown name."""
    if name not in diversity_names():
        raise unknown("diversity", name, diversity_names())
    made: Diversity = import_module(f"{__name__}.{name}").build()
    return made
