"""Which answer several candidates make: one file a selector, each with `build()`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.policies.ensemble.selector import Selector


def selector_names() -> list[str]:
    """Their names, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build_selector(name: str) -> Selector:
    """The one of a name. Raises UsageError for an unknown name."""
    if name not in selector_names():
        raise unknown("policy", name, selector_names())
    made: Selector = import_module(f"{__name__}.{name}").build()
    return made
