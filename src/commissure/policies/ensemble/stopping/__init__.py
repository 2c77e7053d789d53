"""How many candidates are enough: one file a rule, each with `build()`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.policies.ensemble.selector import Stopping


def stopping_names() -> list[str]:
    """Their names, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build_stopping(name: str) -> Stopping:
    """The one of a name. Raises UsageError for an unknown name."""
    if name not in stopping_names():
        raise unknown("stopping rule", name, stopping_names())
    made: Stopping = import_module(f"{__name__}.{name}").build()
    return made
