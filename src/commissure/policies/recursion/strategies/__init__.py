"""How a question over a long context is answered: one file a strategy, each with `build(options)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.policies.recursion.strategies.strategy import Options, Strategy

_SEAM = "strategy"


def strategy_names() -> list[str]:
    """Their names, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != _SEAM)


def build_strategy(name: str, options: Options | None = None) -> Strategy:
    """The one of a name. Raises UsageError for an unknown name."""
    if name not in strategy_names():
        raise unknown("strategy", name, strategy_names())
    made: Strategy = import_module(f"{__name__}.{name}").build(options or Options())
    return made
